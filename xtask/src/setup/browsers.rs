//! The browsers of the browser tests.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::apt;
use crate::Result;
use crate::process::on_path;

/// Where the two browsers are.
pub(crate) struct Browsers {
    /// Chromium, or Chrome.
    pub(crate) chromium: PathBuf,
    /// Firefox.
    pub(crate) firefox: PathBuf,
}

struct Browser {
    name: &'static str,
    variable: &'static str,
    programs: &'static [&'static str],
    macos: &'static str,
}

const CHROMIUM: Browser = Browser {
    name: "Chromium",
    variable: "TANGELO_CHROMIUM",
    programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    macos: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
};

const FIREFOX: Browser = Browser {
    name: "Firefox",
    variable: "TANGELO_FIREFOX",
    programs: &["firefox-esr", "firefox"],
    macos: "/Applications/Firefox.app/Contents/MacOS/firefox",
};

/// Debian's browsers, with fonts to draw text and emoji.
const PACKAGES: [&str; 4] = ["chromium", "firefox-esr", "fonts-dejavu-core", "fonts-noto-color-emoji"];

/// Finds both browsers, or installs them.
pub(crate) fn ensure() -> Result<Browsers> {
    if find(&CHROMIUM)?.is_none() || find(&FIREFOX)?.is_none() {
        apt::install(&PACKAGES, "the browser tests need Chromium and Firefox").map_err(|error| {
            let variables = [CHROMIUM.variable, FIREFOX.variable].join(" and ");
            format!("{error}. {variables} may name browsers that are not on PATH")
        })?;
    }
    let found = |browser: &Browser| {
        find(browser)?.ok_or_else(|| {
            format!("{} is not on PATH; set {} to its program", browser.name, browser.variable)
        })
    };
    Ok(Browsers { chromium: found(&CHROMIUM)?, firefox: found(&FIREFOX)? })
}

/// Finds Chromium, or installs it.
pub(crate) fn chromium() -> Result<PathBuf> {
    match find(&CHROMIUM)? {
        Some(chromium) => Ok(chromium),
        None => Ok(ensure()?.chromium),
    }
}

fn find(browser: &Browser) -> Result<Option<PathBuf>> {
    if let Some(chosen) = chosen(browser.variable, std::env::var_os(browser.variable))? {
        return Ok(Some(chosen));
    }
    let macos = Path::new(browser.macos);
    Ok(on_path(browser.programs).or_else(|| macos.exists().then(|| macos.to_owned())))
}

/// What the variable names. A wrong one is an error, not a reason to take another browser.
fn chosen(variable: &str, value: Option<OsString>) -> Result<Option<PathBuf>> {
    match value {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) if Path::new(&value).is_file() => Ok(Some(value.into())),
        Some(value) => Err(format!("{variable} names {}, which is no file", value.to_string_lossy())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_names_no_file_is_an_error() {
        assert!(
            chosen("X", Some("/no/such/browser".into())).unwrap_err().starts_with("X names /no/such/browser")
        );
        assert_eq!(chosen("X", None).unwrap(), None);
        assert_eq!(chosen("X", Some("".into())).unwrap(), None);
        let this = std::env::current_exe().unwrap();
        assert_eq!(chosen("X", Some(this.clone().into())).unwrap(), Some(this));
    }
}
