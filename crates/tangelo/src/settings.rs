//! Options of `tangelo serve` from a file, and where each has come from.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use toml::Value;

use crate::join::Misused;

/// The words of a command line with the options of the file that it names, or the environment, put in behind the command: those that
/// are given neither on the command line nor in the environment. Returns the names of those as well.
pub(crate) fn with_file(
    command: &Command,
    words: Vec<OsString>,
) -> Result<(Vec<OsString>, Vec<String>), Misused> {
    let unchanged = |words| Ok((words, Vec::new()));
    let is = |at: usize, word: &str| words.get(at).is_some_and(|given| given == word);
    let (path, behind): (&[&str], _) = match () {
        () if is(1, "serve") => (&["serve"], 2),
        () if is(1, "doctor") => (&["doctor"], 2),
        () if is(1, "config") && is(2, "check") => (&["config", "check"], 3),
        () => return unchanged(words),
    };
    let given = words.get(behind..).unwrap_or_default();
    let Some(file) = named(given) else { return unchanged(words) };
    let Some(serve) = path.iter().try_fold(command, |command, name| command.find_subcommand(name)) else {
        return unchanged(words);
    };
    let misused = |why: String| Misused::new(format!("{}: {why}", file.display()));
    let text = fs::read_to_string(&file).map_err(|error| misused(error.to_string()))?;
    let (mut options, mut names) = (Vec::new(), Vec::new());
    for (name, value) in text.parse::<toml::Table>().map_err(|error| misused(error.to_string()))? {
        let option = option(serve, &name).ok_or_else(|| {
            misused(format!(
                "`{name}` is no option; `tangelo serve --help` lists them, and here they are without the --"
            ))
        })?;
        let values = values(&value)
            .ok_or_else(|| misused(format!("`{name}` is to be a text, a number, or a list of texts")))?;
        let others = conflicting(&name).iter().filter_map(|other| self::option(serve, other));
        if [option].into_iter().chain(others).any(|option| is_set(given, option)) {
            continue;
        }
        options.extend(values.into_iter().map(|value| OsString::from(format!("--{name}={value}"))));
        names.push(name);
    }
    let mut all = words;
    all.splice(behind..behind, options);
    Ok((all, names))
}

/// The file that `--config` names, or the environment.
fn named(given: &[OsString]) -> Option<PathBuf> {
    let after = given.iter().position(|word| word == "--config").and_then(|at| given.get(at + 1));
    let joined = given.iter().find_map(|word| word.to_str()?.strip_prefix("--config=").map(OsString::from));
    let environment = env::var_os("TANGELO_CONFIG").filter(|path| !path.is_empty());
    after.cloned().or(joined).or(environment).map(PathBuf::from)
}

fn option<'a>(serve: &'a Command, name: &str) -> Option<&'a Arg> {
    // Those of `tangelo doctor` alone are nothing that a server is set up with.
    let others = ["config", "help", "version", "url", "ca", "json"];
    serve.get_arguments().find(|arg| arg.get_long() == Some(name)).filter(|_| !others.contains(&name))
}

/// As they would stand on the command line.
fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Array(all) => all.iter().map(|each| each.as_str().map(str::to_owned)).collect(),
        Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

/// Options that cannot stand beside this one. If one is given, the file's gives way as a whole: it is what counts less.
fn conflicting(name: &str) -> &'static [&'static str] {
    match name {
        "tls-cert" | "tls-key" => &["tls-self-signed", "acme-domain"],
        "tls-self-signed" => &["tls-cert", "tls-key", "acme-domain"],
        "acme-domain" | "acme-email" | "acme-folder" | "acme-directory" | "acme-root" => {
            &["tls-cert", "tls-key", "tls-self-signed"]
        }
        _ => &[],
    }
}

fn is_set(given: &[OsString], option: &Arg) -> bool {
    option.get_long().is_some_and(|name| is_given(given, name)) || is_in_environment(option)
}

fn is_given(given: &[OsString], name: &str) -> bool {
    let option = format!("--{name}");
    let begins = |word: &OsStr| {
        word.to_str().is_some_and(|word| {
            word.strip_prefix(&option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    given.iter().any(|word| begins(word))
}

fn is_in_environment(option: &Arg) -> bool {
    option.get_env().is_some_and(|variable| env::var_os(variable).is_some())
}

/// One line for each option: its name, what it is, and from where.
pub(crate) fn list(command: &Command, matches: &ArgMatches, from_file: &[String]) -> String {
    let Some(serve) = command.find_subcommand("serve") else { return String::new() };
    let file = matches.get_one::<PathBuf>("config");
    let mut text = String::new();
    for option in serve.get_arguments() {
        let Some(name) = option.get_long().filter(|name| !["help", "version"].contains(name)) else {
            continue;
        };
        let id = option.get_id().as_str();
        let values: Vec<String> = matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) if from_file.iter().any(|other| other == name) => {
                file.map_or_else(|| "file".to_owned(), |file| shown(file))
            }
            Some(ValueSource::CommandLine) => "command line".to_owned(),
            Some(ValueSource::EnvVariable) => {
                option.get_env().map_or_else(String::new, |variable| variable.to_string_lossy().into_owned())
            }
            Some(_) => "default".to_owned(),
            None => "not set".to_owned(),
        };
        let value = if values.is_empty() { "-".to_owned() } else { values.join(", ") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<18} {value:<32} ({source})");
    }
    text
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::Arguments;

    fn merged(text: &str, more: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tangelo.toml");
        fs::write(&file, text).unwrap();
        let mut words: Vec<OsString> =
            ["tangelo", "serve", "--config"].into_iter().map(OsString::from).collect();
        words.push(file.into());
        words.extend(more.iter().map(OsString::from));
        let (words, names) = with_file(&Arguments::command(), words).map_err(|error| error.to_string())?;
        let words = words.into_iter().filter_map(|word| word.into_string().ok());
        Ok((words.filter(|word| word.contains('=')).collect(), names))
    }

    #[test]
    fn options_come_from_the_file_unless_they_are_given() {
        let text =
            "listen = \"0.0.0.0:1\"\nmedia-port = 5000\npublic-ip = [\"192.0.2.1\", \"2001:db8::1\"]\n";
        let all =
            ["--listen=0.0.0.0:1", "--media-port=5000", "--public-ip=192.0.2.1", "--public-ip=2001:db8::1"];
        let (mut words, _) = merged(text, &[]).unwrap();
        words.sort();
        assert_eq!(words, all);
        let (words, names) = merged(text, &["--listen", "127.0.0.1:2", "--public-ip=192.0.2.7"]).unwrap();
        assert_eq!(words, ["--media-port=5000", "--public-ip=192.0.2.7"]);
        assert_eq!(names, ["media-port"]);
    }

    #[test]
    fn a_certificate_of_the_file_gives_way_to_one_of_another_kind() {
        let text = "tls-cert = \"a.pem\"\ntls-key = \"a-key.pem\"\n";
        assert_eq!(merged(text, &["--acme-domain=a.example"]).unwrap().1, [] as [&str; 0]);
        let acme = "acme-domain = \"a.example\"\nacme-folder = \"acme\"\n";
        assert_eq!(merged(acme, &["--tls-self-signed", "tls"]).unwrap().1, [] as [&str; 0]);
        assert_eq!(merged(acme, &["--acme-domain=b.example"]).unwrap().1, ["acme-folder"]);
        assert_eq!(merged(text, &["--tls-self-signed", "tls"]).unwrap().1, [] as [&str; 0]);
        for given in ["--tls-cert=b.pem", "--tls-key=b-key.pem"] {
            assert_eq!(merged("tls-self-signed = \"tls\"", &[given]).unwrap().0, [given]);
        }
    }

    #[test]
    fn what_is_no_option_is_said_with_the_file() {
        for (text, why) in [
            ("lisen = \"a\"", "`lisen` is no option"),
            ("config = \"a\"", "`config` is no option"),
            ("listen = true", "`listen` is to be a text"),
            ("[listen]", "`listen` is to be a text"),
            ("listen = ", "TOML"),
        ] {
            let error = merged(text, &[]).unwrap_err();
            assert!(error.contains("tangelo.toml") && error.contains(why), "{error}");
        }
        let missing = ["tangelo", "serve", "--config=/no/such/file"].map(OsString::from).to_vec();
        assert!(with_file(&Arguments::command(), missing).unwrap_err().to_string().contains("/no/such/file"));
    }

    #[test]
    fn other_commands_are_left_alone() {
        let words = ["tangelo", "join", "--config", "/no/such/file"].map(OsString::from).to_vec();
        assert_eq!(with_file(&Arguments::command(), words.clone()).unwrap().0, words);
    }
}
