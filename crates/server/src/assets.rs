//! The web app inside the binary.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of the web app.
pub(crate) struct Asset {
    pub(crate) mime: &'static str,
    pub(crate) plain: Body,
    /// Compressed when the app was built (RFC 7932).
    pub(crate) brotli: Option<Body>,
}

pub(crate) struct Body {
    pub(crate) bytes: &'static [u8],
    /// RFC 9110 section 8.8.3.
    pub(crate) etag: String,
}

/// All files, by their path without the leading slash.
pub(crate) struct Assets {
    files: BTreeMap<&'static str, Asset>,
}

impl Assets {
    pub(crate) fn embedded() -> Self {
        Self::of(FILES)
    }

    pub(crate) fn of(files: &[(&'static str, &'static [u8])]) -> Self {
        let brotli: BTreeMap<&str, &'static [u8]> =
            files.iter().filter_map(|(path, bytes)| Some((path.strip_suffix(".br")?, *bytes))).collect();
        let plain = files.iter().filter(|(path, _)| !path.ends_with(".br"));
        let asset = |(path, bytes): &(&'static str, &'static [u8])| {
            let brotli = brotli.get(path).map(|bytes| body(bytes));
            (*path, Asset { mime: mime(path), plain: body(bytes), brotli })
        };
        Self { files: plain.map(asset).collect() }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(path)
    }
}

fn body(bytes: &'static [u8]) -> Body {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Body { bytes, etag: format!("\"{hex}\"") }
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_siblings_belong_to_their_file() {
        let assets = Assets::of(&[
            ("assets/call.wasm", b"plain"),
            ("assets/call.wasm.br", b"small"),
            ("index.html", b"page"),
        ]);
        let wasm = assets.get("assets/call.wasm").unwrap();
        assert_eq!((wasm.mime, wasm.plain.bytes), ("application/wasm", &b"plain"[..]));
        let brotli = wasm.brotli.as_ref().unwrap();
        assert_eq!(brotli.bytes, b"small");
        assert_ne!(brotli.etag, wasm.plain.etag);
        assert!(assets.get("index.html").unwrap().brotli.is_none());
        assert!(assets.get("assets/call.wasm.br").is_none());
    }
}
