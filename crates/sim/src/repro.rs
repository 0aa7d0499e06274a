//! Schedules as files: what a run needs to happen once more.
//!
//! The first lines are comments with `seed`, `persons`, `plan` and so on, one a line; then one step a line.

use std::fmt::Write as _;

use tangelo_wire::Mistake;

use crate::{
    plan::{Plan, Schedule},
    step::{Step, read_steps},
    strict::is_strict,
    world::Nature,
};

/// A schedule with its seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repro {
    /// What ids and connections depend on.
    pub seed: u64,
    /// The rest.
    pub schedule: Schedule,
}

impl Repro {
    /// As a file.
    #[must_use]
    pub fn text(&self) -> String {
        let Schedule { persons, nature, steps } = &self.schedule;
        let mut text = format!("# seed {}\n# persons {persons}\n", self.seed);
        // Writing to a String cannot fail.
        if let Some(insider) = nature.insider {
            let _ = writeln!(text, "# insider {insider}");
        }
        if nature.hostile_server {
            text.push_str("# hostile server\n");
        }
        if nature.unjudged {
            text.push_str("# nobody judges\n");
        }
        for step in steps {
            let _ = writeln!(text, "{step}");
        }
        text
    }

    /// Reads a file. Steps of the model make a strict run; without a number of persons there are as many as it names.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(text: &str) -> Result<Self, String> {
        let steps = read_steps(text)?;
        let says = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
            lines.next().map(str::trim)
        };
        let number = |name: &str| says(name).map(str::parse::<usize>).transpose();
        let wrong = |error| format!("a number in the file's head cannot be read: {error}");
        let insider = number("insider ").map_err(wrong)?;
        let strict = steps.iter().any(is_strict);
        let named = steps.iter().map(|step| match step {
            Step::Model(crate::step::Action::Arrive, n) | Step::Deed(_, n) | Step::Lag(n, ..) => *n,
            _ => 0,
        });
        let persons = number("persons ").map_err(wrong)?.or(named.max()).unwrap_or(1);
        let seed = says("seed ")
            .map(str::parse)
            .transpose()
            .map_err(|error| format!("the seed is no number: {error}"))?;
        let (hostile_server, unjudged) = (says("hostile server").is_some(), says("nobody judges").is_some());
        let nature = Nature { insider, hostile_server, strict, unjudged };
        Ok(Self { seed: seed.unwrap_or(1), schedule: Schedule { persons, nature, steps } })
    }
}

/// The one command that does it again.
#[must_use]
pub fn command(seed: u64, plan: Plan, mistakes: &[Mistake]) -> String {
    let mistakes: String = mistakes.iter().map(|mistake| format!(" --mistake {mistake}")).collect();
    format!("cargo xtask sim --seed {seed} --plan {plan}{mistakes}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schedule;

    #[test]
    fn a_repro_can_be_read_back() {
        for plan in Plan::ALL {
            let repro = Repro { seed: 9, schedule: schedule(9, plan) };
            assert_eq!(Repro::read(&repro.text()).unwrap(), repro);
        }
    }
}
