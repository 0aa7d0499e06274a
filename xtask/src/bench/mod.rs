//! `cargo xtask bench`: builds what is measured, measures it, and makes one table.

mod e2ee;
mod machine;
mod promise;
mod sfu;
mod table;
mod web;

use std::path::{Path, PathBuf};

use crate::Result;
use crate::repo::Repo;
use table::Table;

/// What is measured.
const SUBJECTS: &str = "e2ee, sfu, web";

/// Reads the words after `bench` and does what they say.
pub(crate) fn run(repo: &Repo, words: &[&str]) -> Result<()> {
    match words {
        ["e2ee", rest @ ..] => e2ee::run(repo, &e2ee::Options::parse(rest)?),
        ["sfu", rest @ ..] => sfu::run(repo, &sfu::Options::parse(rest)?),
        ["web", rest @ ..] => web::run(repo, &web::Options::parse(rest)?),
        _ => Err(format!("`cargo xtask bench` wants the name of what to measure: {SUBJECTS}")),
    }
}

/// What is written down belongs to a commit.
fn refuse_to_write_what_is_not_committed(repo: &Repo) -> Result<()> {
    if machine::commit(repo).ends_with("-dirty") {
        return Err("--write wants figures of a commit: commit or stash the changes first".to_owned());
    }
    Ok(())
}

/// Prints the table, and writes it into a page of docs/ made from `template` if there is one to write.
fn publish(repo: &Repo, mut table: Table, page: Option<(&str, &str)>) -> Result<()> {
    table.judge();
    let machine = machine::describe(repo, &table)?;
    println!("\n{machine}\n\n{}", table.text());
    if let Some((name, template)) = page {
        let page = repo.root.join("docs").join(name);
        table.write(&page, template, &machine)?;
        println!("written to {}", page.display());
    }
    Ok(())
}

/// Where all that is made for measuring goes.
fn folder(repo: &Repo) -> PathBuf {
    repo.notes().join("bench")
}

/// Makes the folder of a file that a measurement writes.
fn make_room_for(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}
