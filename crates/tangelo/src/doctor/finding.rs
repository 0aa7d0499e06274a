//! What was found, and how it is told.

use std::{
    error::Error,
    io::{self, Write as _},
};

use serde::Serialize;

/// How it is with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Ok,
    /// It works, but not for everybody, or not for long.
    Warning,
    Failed,
}

/// What was seen of one thing.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
    seen: String,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All that was found, told as it comes.
pub(super) struct Findings {
    all: Vec<Finding>,
    is_json: bool,
}

impl Findings {
    pub(super) fn new(is_json: bool) -> Self {
        Self { all: Vec::new(), is_json }
    }

    pub(super) fn ok(&mut self, what: &'static str, seen: impl Into<String>) -> Result<(), Box<dyn Error>> {
        self.add(what, Verdict::Ok, seen.into(), None)
    }

    pub(super) fn warn(
        &mut self,
        what: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Result<(), Box<dyn Error>> {
        self.add(what, Verdict::Warning, seen.into(), Some(advice.into()))
    }

    pub(super) fn fail(
        &mut self,
        what: &'static str,
        seen: impl Into<String>,
        advice: impl Into<String>,
    ) -> Result<(), Box<dyn Error>> {
        self.add(what, Verdict::Failed, seen.into(), Some(advice.into()))
    }

    fn add(
        &mut self,
        what: &'static str,
        verdict: Verdict,
        seen: String,
        advice: Option<String>,
    ) -> Result<(), Box<dyn Error>> {
        // Some of it is what others sent, and terminals obey what they are sent.
        let [seen, advice] = [Some(seen), advice].map(|text| text.map(|text| clean(&text)));
        let finding = Finding { what, verdict, seen: seen.unwrap_or_default(), advice };
        if !self.is_json {
            print(&finding.line())?;
        }
        self.all.push(finding);
        Ok(())
    }

    /// Tells the sum of it. Something that failed is an error.
    pub(super) fn finish(self) -> Result<(), Box<dyn Error>> {
        let failed = self.all.iter().filter(|finding| finding.verdict == Verdict::Failed).count();
        let worst = self.all.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
        if self.is_json {
            let object = serde_json::json!({ "verdict": worst, "findings": self.all });
            print(&format!("{object:#}\n"))?;
        } else if worst == Verdict::Ok {
            print("Nothing is wrong, as far as can be seen from here.\n")?;
        }
        if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} checks failed", self.all.len()).into()) }
    }
}

impl Finding {
    fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
        };
        let advice =
            self.advice.as_ref().map_or_else(String::new, |advice| format!("          -> {advice}\n"));
        format!("{verdict:<8}  {}: {}\n{advice}", self.what, self.seen)
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(1_000).collect()
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads what is printed has gone: no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}
