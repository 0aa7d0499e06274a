//! `cargo xtask model`: TLC checks the model of `spec/`, and must find each deliberate mistake.

mod drift;
mod results;
mod table;
mod tlc;
mod traces;

use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;

use crate::Result;
use crate::repo::Repo;
use crate::setup::tlc as setup;
use table::Job;
use tlc::{Report, Verdict};

/// What to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The large runs, too, and every mistake's bounds without it.
    full: bool,
    /// Put the result into docs/model-results.md, in the place of an older one of the same run.
    write: bool,
    /// These runs or mistakes alone.
    only: Vec<String>,
}

impl Options {
    /// Reads the words after `model`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--full" => options.full = true,
                "--write" => options.write = true,
                "--only" => {
                    options.only.push(
                        (*words.next().ok_or("--only wants the name of a run or a mistake")?).to_owned(),
                    );
                }
                other => {
                    return Err(format!(
                        "`{other}` is no option of `cargo xtask model`: --full, --write, --only NAME"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// The small set, and every mistake.
pub(crate) fn small(repo: &Repo) -> Result<()> {
    model(repo, &Options::default())
}

/// Runs what is asked for, prints a table, and fails if a run does not hold or a mistake is not found.
pub(crate) fn model(repo: &Repo, options: &Options) -> Result<()> {
    let tlc = setup::ensure(repo)?;
    let spec = repo.root.join("spec");
    let notes = repo.target.join("model");
    let read = |name: &str| {
        let path = spec.join(name);
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let mut jobs = table::runs(&read("runs.txt")?)?;
    let mistakes = table::mistakes(&read("mistakes.txt")?)?;
    let controls = table::controls(&mistakes);
    jobs.extend(mistakes);
    jobs.extend(controls);
    let all: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    let jobs = chosen(jobs, options)?;
    println!("{} runs of TLC; configurations and outputs are in {}", jobs.len(), notes.display());
    // A small run is mostly the start of Java, so two at once; a large one has the machine for itself.
    let (small, large): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.small);
    let mut reports = side_by_side(&small, |job| tlc::run(&tlc, &spec, &notes, job, 1))?;
    let followed =
        if options.only.is_empty() { Some(traces::validate(repo, &tlc, &spec, &notes)?) } else { None };
    if let Some(followed) = &followed {
        println!("{followed}");
    }
    for job in large {
        let report = tlc::run(&tlc, &spec, &notes, job, 2)?;
        println!("{}", line(job, &report));
        reports.push((job, report));
    }
    if options.write {
        results::write(repo, &all, &reports, followed.as_deref())?;
    }
    let mut wrong: Vec<String> = reports.iter().filter_map(|(job, report)| complaint(job, report)).collect();
    for (job, report) in &reports {
        wrong.extend(drift::complaint(&repo.root, job, report)?);
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn chosen(jobs: Vec<Job>, options: &Options) -> Result<Vec<Job>> {
    if let Some(unknown) = options.only.iter().find(|name| !jobs.iter().any(|job| job.name == **name)) {
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        return Err(format!("there is no run or mistake `{unknown}`; there are\n{}", names.join("\n")));
    }
    let wanted = |job: &Job| {
        if options.only.is_empty() { job.small || options.full } else { options.only.contains(&job.name) }
    };
    Ok(jobs.into_iter().filter(wanted).collect())
}

/// Runs the jobs on two threads, and tells of each as it ends. The reports come in the order of the jobs.
fn side_by_side<'a>(
    jobs: &[&'a Job],
    run: impl Fn(&Job) -> Result<Report> + Sync,
) -> Result<Vec<(&'a Job, Report)>> {
    let next = Mutex::new(jobs.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let taken = next.lock().map_err(|_| "a run broke off")?.next();
            let Some((place, job)) = taken else { return Ok(()) };
            let report = run(job)?;
            println!("{}", line(job, &report));
            done.lock().map_err(|_| "a run broke off")?.push((place, *job, report));
        }
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a run broke off".to_owned())?)
    })?;
    let mut done = done.into_inner().map_err(|_| "a run broke off")?;
    done.sort_by_key(|(place, _, _)| *place);
    Ok(done.into_iter().map(|(_, job, report)| (job, report)).collect())
}

fn line(job: &Job, report: &Report) -> String {
    let depth = report.depth.map_or("-".to_owned(), |depth| depth.to_string());
    let mut line = format!(
        "{:<26} {:>9} states  depth {depth:>3} {:>7.1} s  {}",
        job.name,
        report.states,
        report.seconds,
        words(job, report)
    );
    if !report.actions.is_empty() {
        let _ = write!(line, "\n{:>26} {}", "", report.actions.join(", "));
    }
    line
}

fn words(job: &Job, report: &Report) -> String {
    match (&job.mistake, &report.verdict) {
        (_, Verdict::Failed(words)) => format!("FAILED: {words}"),
        (None, Verdict::Holds) => "holds".to_owned(),
        (None, Verdict::Violated(property)) => format!("VIOLATED: {property}"),
        (None, Verdict::Deadlock) => "DEADLOCK".to_owned(),
        (Some(_), Verdict::Holds) => "NOT FOUND".to_owned(),
        (Some(_), Verdict::Violated(property)) => format!("found: {property} is violated"),
        (Some(_), Verdict::Deadlock) => "found, but as a deadlock".to_owned(),
    }
}

fn complaint(job: &Job, report: &Report) -> Option<String> {
    (!report.is_as_wanted(job)).then(|| {
        format!("{}: {}. All that TLC said is in {}", job.name, words(job, report), report.output.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_wrong_ones_named() {
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
        let options = Options::parse(&["--full", "--only", "x"]).unwrap();
        assert!(options.full && options.only == ["x"]);
        for (words, why) in [(["--all"].as_slice(), "`--all`"), (&["--only"], "--only wants")] {
            assert!(Options::parse(words).unwrap_err().contains(why), "{words:?}");
        }
        assert!(Options::parse(&["--only", "x", "--write"]).unwrap().write);
    }

    #[test]
    fn an_unknown_run_is_an_error_that_lists_the_known_ones() {
        let jobs = table::runs("known small Spec all").unwrap();
        let options = Options { only: vec!["other".to_owned()], ..Options::default() };
        let error = chosen(jobs, &options).unwrap_err();
        assert!(error.contains("`other`") && error.contains("known"), "{error}");
    }
}
