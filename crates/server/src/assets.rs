//! The web app inside the binary.

use std::{collections::BTreeMap, fs, io, path::Path};

use sha2::{Digest, Sha256};

static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of the web app, as it was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebFile {
    /// Without a leading slash. "index.html" is the page at "/" and at every "/r/ROOM".
    pub path: &'static str,
    /// What it contains.
    pub plain: &'static [u8],
    /// The same, compressed (RFC 7932): what browsers get.
    pub brotli: Option<&'static [u8]>,
    /// Its kind, as the header `Content-Type` names it: browsers run some as programs.
    pub content_type: &'static str,
}

/// The web app inside this program, sorted by path. Empty if it was built without.
#[must_use]
pub fn web_app() -> Vec<WebFile> {
    let file = |(path, asset): (&&'static str, &Asset)| WebFile {
        path,
        plain: asset.plain.bytes,
        brotli: asset.brotli.as_ref().map(|body| body.bytes),
        content_type: asset.mime,
    };
    Assets::embedded().files.iter().map(file).collect()
}

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

    /// Reads a folder as the build of the web app leaves it. For one server in a program's life: what is read stays.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut files: Vec<(&'static str, &'static [u8])> = Vec::new();
        for place in [folder.to_owned(), folder.join("assets")] {
            for entry in fs::read_dir(&place)? {
                let path = entry?.path();
                let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
                if path.is_file() {
                    files.push((name.to_owned().leak(), fs::read(&path)?.leak()));
                }
            }
        }
        Ok(Self::of(&files))
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
    fn a_folder_is_served_as_it_is_when_it_is_read() {
        let folder = std::env::temp_dir().join(format!("tangelo-assets-{}", std::process::id()));
        fs::create_dir_all(folder.join("assets")).unwrap();
        fs::write(folder.join("index.html"), "page").unwrap();
        fs::write(folder.join("assets/app.js"), "code").unwrap();
        fs::write(folder.join("assets/app.js.br"), "c").unwrap();
        let assets = Assets::read(&folder).unwrap();
        assert_eq!(assets.get("index.html").unwrap().plain.bytes, b"page");
        let app = assets.get("assets/app.js").unwrap();
        assert_eq!((app.plain.bytes, app.brotli.as_ref().unwrap().bytes), (&b"code"[..], &b"c"[..]));
        fs::remove_dir_all(&folder).unwrap();
        assert!(Assets::read(&folder).is_err());
    }

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
