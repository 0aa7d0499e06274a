//! `tangelo token`, with a server that takes what it makes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{fs, io::Read, path::Path};

use common::{join, link, serve, tangelo};
use tangelo_call::link::Link;

/// What it prints, and its exit code.
fn token(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tangelo(&[&["token"], arguments].concat()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn issue(arguments: &[&str]) -> String {
    let (code, printed, errors) = token(&[&["issue"], arguments].concat());
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(printed.lines().count(), 1);
    printed.trim_end().to_owned()
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn whoever_has_a_token_of_their_own_gets_in() {
    let folder = tempfile::tempdir().unwrap();
    let [secret, private, public] =
        ["secret", "private.pem", "public.pem"].map(|name| path(folder.path(), name));
    assert_eq!(token(&["new-key", &secret]).0, Some(0));
    assert_eq!(token(&["new-key-pair", &private, &public]).0, Some(0));
    let (mut server, address) = serve(&[
        "--rooms",
        "token",
        "--token-key-file",
        &secret,
        "--token-public-key",
        &public,
        "--log",
        "debug",
    ]);
    let plain = link(&address);

    let own = issue(&[&plain, "--key", &secret, "--name", "Ada", "--valid-for", "2h"]);
    assert!(own.starts_with(&format!("{plain}&token=")), "{own}");
    let mut ada = join(&own, &["--name", "Ada"], true);
    ada.until("itself", |line| line.starts_with("* You are in the call") || line.contains("In the call"));
    let mut bob = join(&issue(&[&plain, "--key", &private]), &["--name", "Bob"], true);
    ada.until("Bob", |line| line.starts_with("* Bob [") && line.ends_with("has come."));

    let other = link(&address);
    let misplaced = own.split_once("&token=").unwrap().1;
    let later = issue(&["standup", "--key", &secret]);
    for (url, words) in [
        (plain.clone(), "This call takes an invitation of your own."),
        (format!("{other}&token={misplaced}"), "is for another call"),
        (format!("{plain}&token={later}"), "is for another call"),
        (format!("{plain}&token={}AA", &misplaced[..misplaced.len() - 2]), "did not accept the invitation"),
    ] {
        let mut refused = join(&url, &["--name", "Eve"], false);
        assert_eq!(refused.end(), Some(1));
        assert!(refused.errors().contains(words), "{}", refused.errors());
    }
    assert!(ada.lines().iter().all(|line| !line.contains("Eve")));
    bob.type_line("/leave");
    ada.until("that Bob has gone", |line| line.starts_with("* Bob [") && line.ends_with("has gone."));
    ada.type_line("/leave");
    assert_eq!((ada.end(), bob.end()), (Some(0), Some(0)));

    server.0.kill().unwrap();
    let mut log = String::new();
    server.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let signature = misplaced.rsplit('.').next().unwrap();
    assert!(!log.contains(signature) && log.contains("open to those alone who have a token"), "{log}");
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [secret, private, public] =
        ["secret", "private.pem", "public.pem"].map(|name| path(folder.path(), name));
    token(&["new-key", &secret]);
    token(&["new-key-pair", &private, &public]);
    let mode = |file: &str| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&secret), mode(&private)), (0o600, 0o600));
    let before = fs::read(&secret).unwrap();
    let half = path(folder.path(), "half.pem");
    for arguments in [&["new-key", &secret][..], &["new-key-pair", &secret, &half]] {
        let (code, _, errors) = token(arguments);
        assert!(code == Some(1) && errors.contains(&secret) && errors.lines().count() == 1, "{errors}");
    }
    assert_eq!((fs::read(&secret).unwrap(), Path::new(&half).exists()), (before, false));
}

#[test]
fn what_cannot_be_done_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let secret = path(folder.path(), "secret");
    token(&["new-key", &secret]);
    let short = path(folder.path(), "short");
    fs::write(&short, "short").unwrap();
    let missing = path(folder.path(), "missing");
    let long = "a".repeat(41);
    let own = Link::new_room().unwrap();
    let host_secret = own.host_secret().unwrap();
    let host = format!("https://call.example{}.{host_secret}", own.path());
    for (arguments, code, words) in [
        (&["standup", "--key", &missing][..], 1, "missing"),
        (&["standup", "--key", &short], 1, "32 to 1024 bytes"),
        (&["Not A Room", "--key", &secret], 2, "room"),
        (&["https://call.example/r/_x#topsecret", "--key", &secret], 2, "room"),
        (&["standup", "--key", &secret, "--name", &long], 2, "a name has 1 to 40 characters"),
        (&[host.as_str(), "--key", &secret], 2, "the guest would become one: give the call's own link"),
    ] {
        let (exit, printed, errors) = token(&[&["issue"], arguments].concat());
        assert_eq!((exit, printed.as_str()), (Some(code), ""), "{errors}");
        assert!(errors.starts_with("tangelo: ") && errors.contains(words), "{errors}");
        assert!(errors.lines().count() == 1 && !errors.contains("topsecret"), "{errors}");
        assert!(!errors.contains(host_secret.as_str()), "{errors}");
    }
    for (option, value, words) in [("--right", "admin", "`join` or `create`"), ("--valid-for", "2", "90m")] {
        let (code, _, errors) = token(&["issue", "standup", "--key", &secret, option, value]);
        assert!(code == Some(2) && errors.contains(words), "{errors}");
    }
    for (arguments, words) in [
        (&["--rooms", "token"][..], "--token-key-file"),
        (&["--rooms", "creators"], "--token-key-file"),
        (&["--token-key-file", &secret], "--rooms"),
        (&["--rooms", "token", "--token-key-file", &short], "32 to 1024 bytes"),
        (&["--rooms", "token", "--token-public-key", &secret], "PUBLIC KEY"),
        (&["--rooms", "token", "--token-key-file", &secret, "--creator", "ada"], "--rooms creators"),
    ] {
        let output =
            tangelo(&[&["serve", "--listen", "127.0.0.1:0", "--media-port", "0"], arguments].concat());
        let output = { output }.output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
}
