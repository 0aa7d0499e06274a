//! A real call under faults: `crates/chaos`.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::process::{run as start, tool};
use crate::repo::Repo;
use crate::setup::{self, browsers};
use crate::{wasm, web};

const USAGE: &str = "usage: cargo xtask chaos [--seed N] [--minutes M] [--clients N] [--no-browser]";

struct Options {
    seed: u64,
    seconds: u64,
    clients: u64,
    browser: bool,
}

/// `cargo xtask chaos`: builds everything and runs it.
pub(crate) fn run(repo: &Repo, args: &[&str]) -> Result<()> {
    let options = parse(args)?;
    setup::for_build(repo)?;
    wasm::build(repo)?;
    web::build(repo)?;
    chaos(repo, &options)
}

/// A short run, always the same: a step of `test`.
pub(crate) fn short(repo: &Repo) -> Result<()> {
    chaos(repo, &Options { seed: 2, seconds: 40, clients: 3, browser: true })
}

fn parse(args: &[&str]) -> Result<Options> {
    let any = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let mut options = Options { seed: any, seconds: 300, clients: 4, browser: true };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let number = words.next().and_then(|number| number.parse().ok());
            number.ok_or_else(|| format!("{word} needs a number; {USAGE}"))
        };
        match *word {
            "--seed" => options.seed = number()?,
            "--minutes" => options.seconds = number()?.saturating_mul(60),
            "--clients" => options.clients = number()?,
            "--no-browser" => options.browser = false,
            _ => return Err(format!("`{word}` is no option; {USAGE}")),
        }
    }
    if !(2..=50).contains(&options.clients) {
        return Err(format!("2 to 50 clients; {USAGE}"));
    }
    Ok(options)
}

fn chaos(repo: &Repo, options: &Options) -> Result<()> {
    // Together, so that both have the same features of what they share.
    let both = ["build", "--release", "--locked", "--package", "tangelo", "--package", "tangelo-chaos"];
    start(repo.cargo().args(both))?;
    let store = Store(repo.notes().join(format!("chaos-{}", std::process::id())));
    std::fs::create_dir_all(&store.0).map_err(|error| format!("{}: {error}", store.0.display()))?;
    let Options { seed, seconds, clients, browser } = options;
    let mut command = tool(repo.binary().with_file_name("tangelo-chaos"));
    command.args(["run", "--seed", &seed.to_string(), "--seconds", &seconds.to_string()]);
    command.args(["--clients", &clients.to_string(), "--server"]).arg(repo.binary());
    command.arg("--store").arg(&store.0).current_dir(&repo.root);
    if *browser {
        command.arg("--browser").arg(repo.web().join("e2e/chaos-guest.mjs"));
        command.env("TANGELO_CHROMIUM", browsers::chromium()?);
    }
    println!("seed {seed}: the same faults come with `cargo xtask chaos --seed {seed} --clients {clients}`");
    start(&mut command)
}

/// A folder that goes when the run is over.
struct Store(PathBuf);

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_are_refused() {
        let options = parse(&["--seed", "7", "--minutes", "2", "--clients", "5", "--no-browser"]).unwrap();
        assert_eq!((options.seed, options.seconds, options.clients, options.browser), (7, 120, 5, false));
        for bad in [&["--seed"][..], &["--minutes", "x"], &["--clients", "1"], &["--loud"]] {
            assert!(parse(bad).is_err_and(|error| error.contains("usage")), "{bad:?}");
        }
    }
}
