//! `tangelo verify-web`: is what a server hands out the web app of this build?

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
};

use sha2::{Digest, Sha256};
use tangelo_client::{Address, Fetched, Fetcher};
use tangelo_server::{WebFile, page_headers, web_app};

use crate::join::Misused;

/// A room that nobody needs to be in: its page is that of every room.
const SOME_ROOM: &str = "/r/verify-web";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The server, as https://call.example.org; a call's link will do, what follows the name is not sent.
    #[arg(value_name = "URL", required_unless_present = "list")]
    url: Option<String>,

    /// Only print this build's own files: SHA-256 and path, as sha256sum does.
    #[arg(long, conflicts_with = "url")]
    list: bool,

    /// PEM file with a certificate to trust beside those that this machine trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let files = web_app();
    if files.is_empty() {
        return Err(
            "this program was built without the web app, so there is nothing to compare with: build it with \
                    `cargo xtask build`"
                .into(),
        );
    }
    let Some(url) = options.url else { return print(&manifest(&files)) };
    let address = Address::of_server(&url).map_err(|_| {
        Misused::new("this is no server's URL; one looks like https://call.example.org".to_owned())
    })?;
    let (host, origin) = (address.host.clone(), address.origin());
    let fetcher = Fetcher::new(address, options.ca.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(compare(fetcher, &host, &files))?;
    if !found.is_empty() {
        let list: String = found.iter().fold(String::new(), |mut list, each| {
            let _ = write!(list, "\n  {each}");
            list
        });
        return Err(format!(
            "{origin} does not hand out the web app of this build ({}):{list}\nEither it runs another version of Tangelo, or \
             something between here and there changes files, or its page is not what it should be. Ask who hosts it for the version, \
             and compare with that one's program",
            version(&files)
        )
        .into());
    }
    print(&format!(
        "{origin} hands out the web app of this build, all {} files of it, with the headers that belong to it.\n{}\n",
        files.len(),
        version(&files)
    ))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads what is printed has gone: no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// One line for each file, as `sha256sum` writes them.
fn manifest(files: &[WebFile]) -> String {
    files.iter().fold(String::new(), |mut list, file| {
        let _ = writeln!(list, "{}  {}", hex(file.plain), file.path);
        list
    })
}

/// What tells builds with other files apart.
fn version(files: &[WebFile]) -> String {
    format!(
        "Tangelo {}, SHA-256 of the list of files {}",
        env!("CARGO_PKG_VERSION"),
        hex(manifest(files).as_bytes())
    )
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Everything that is otherwise than it should be.
async fn compare(mut fetcher: Fetcher, host: &str, files: &[WebFile]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = Vec::new();
    for file in files {
        let path = if file.path == "index.html" { String::new() } else { file.path.to_owned() };
        let mut paths = vec![format!("/{path}")];
        if path.is_empty() {
            paths.push(SOME_ROOM.to_owned());
        }
        for path in &paths {
            // Browsers take what is compressed: a server could hide something else in that.
            for accept in ["identity", "br"] {
                let fetched = fetcher.get(path, accept).await?;
                found.extend(
                    differs(file, &fetched).map(|how| format!("{path} (Accept-Encoding: {accept}) {how}")),
                );
                found.extend(bad_headers(host, &fetched).map(|how| format!("{path} {how}")));
            }
        }
    }
    // The same header is missing everywhere, most likely.
    found.sort();
    found.dedup();
    Ok(found)
}

/// How what came differs from the file, if it does.
fn differs(file: &WebFile, fetched: &Fetched) -> Option<String> {
    if fetched.status != 200 {
        return Some(format!("is not there: HTTP status {}", fetched.status));
    }
    let coding = fetched.header("content-encoding").unwrap_or(b"identity");
    let expected = match coding {
        b"identity" => file.plain,
        b"br" => file.brotli.unwrap_or(file.plain),
        _ => {
            let coding = String::from_utf8_lossy(coding);
            return Some(format!(
                "came compressed as {coding:?}, which Tangelo does not do, so it cannot be compared"
            ));
        }
    };
    if fetched.body == expected {
        // Browsers choose by it what to do with a file.
        let types: Vec<_> = fetched.headers.iter().filter(|(name, _)| name == "content-type").collect();
        let is_own = matches!(types[..], [(_, came)] if came == file.content_type.as_bytes());
        return (!is_own).then(|| format!("does not come as {}", file.content_type));
    }
    let (came, own) = (fetched.body.len(), expected.len());
    Some(format!(
        "is another file: {came} bytes came, {own} are in this build, SHA-256 {}",
        hex(&fetched.body)
    ))
}

/// Headers that a page of this build never has: they make browsers go elsewhere, or load something beside it.
const UNWANTED: [&str; 2] = ["refresh", "link"];

/// Headers that say what a page may do, and say something else, and others that make it do more.
fn bad_headers<'a>(host: &'a str, fetched: &'a Fetched) -> impl Iterator<Item = String> + 'a {
    let has = |name: &str| fetched.headers.iter().any(|(other, _)| other == name);
    let unwanted = UNWANTED.into_iter().filter(move |name| has(name));
    let unwanted = unwanted.map(|name| format!("has a header {name}, which Tangelo does not send"));
    let wanted = page_headers(Some(host)).into_iter().filter_map(|(name, value)| {
        let came: Vec<_> = fetched.headers.iter().filter(|(other, _)| other == name).collect();
        match came[..] {
            [] => Some(format!("has no header {name}")),
            [(_, came)] if *came == value.as_bytes() => None,
            _ => Some(format!("has another header {name}")),
        }
    });
    wanted.chain(unwanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: WebFile = WebFile {
        path: "assets/a.js",
        plain: b"plain",
        brotli: Some(b"small"),
        content_type: "text/javascript; charset=utf-8",
    };

    fn fetched(coding: Option<&str>, body: &[u8]) -> Fetched {
        let coding = coding.map(|coding| ("content-encoding".to_owned(), coding.into()));
        let kind = ("content-type".to_owned(), FILE.content_type.into());
        Fetched { status: 200, headers: coding.into_iter().chain([kind]).collect(), body: body.to_vec() }
    }

    #[test]
    fn a_file_is_compared_as_it_came() {
        assert_eq!(differs(&FILE, &fetched(None, b"plain")), None);
        assert_eq!(differs(&FILE, &fetched(Some("br"), b"small")), None);
        let uncompressed = WebFile { brotli: None, ..FILE };
        assert_eq!(differs(&uncompressed, &fetched(None, b"plain")), None);
        for (coding, body) in
            [(None, &b"plaim"[..]), (None, b"small"), (Some("br"), b"plain"), (Some("gzip"), b"plain")]
        {
            assert!(differs(&FILE, &fetched(coding, body)).is_some(), "{coding:?} {body:?}");
        }
        let mut other = fetched(None, b"plain");
        other.headers.push(("content-type".to_owned(), b"text/html".to_vec()));
        assert!(differs(&FILE, &other).unwrap().contains("text/javascript"), "twice");
        other.headers.remove(0);
        assert!(differs(&FILE, &other).is_some(), "as a page");
        let gone = Fetched { status: 404, ..fetched(None, b"plain") };
        assert!(differs(&FILE, &gone).unwrap().contains("404"));
    }

    #[test]
    fn every_header_is_wanted_once_and_as_it_is() {
        let mut answer = fetched(None, b"");
        let all = page_headers(Some("a.example"));
        assert_eq!(bad_headers("a.example", &answer).count(), all.len());
        answer.headers.extend(all.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())));
        assert_eq!(bad_headers("a.example", &answer).count(), 0);
        assert_eq!(bad_headers("b.example", &answer).count(), 1, "the policy names the host");
        answer.headers.push(("referrer-policy".to_owned(), b"unsafe-url".to_vec()));
        assert_eq!(bad_headers("a.example", &answer).count(), 1);
        for name in UNWANTED {
            answer.headers.push((name.to_owned(), b"0; url=https://b.example".to_vec()));
        }
        assert_eq!(bad_headers("a.example", &answer).count(), 3);
    }

    #[test]
    fn the_list_is_one_that_sha256sum_reads() {
        let list = manifest(&[FILE]);
        let (sum, path) = list.trim_end().split_once("  ").unwrap();
        assert_eq!((sum.len(), path), (64, "assets/a.js"));
        assert_eq!(sum, hex(b"plain"));
    }
}
