//! Files in `counterexamples/`: how the model shows what comes of a deliberate mistake, for the real code.
//!
//! The head of a file says, one a line:
//! - `# mistake NAME`
//! - `# violates PROPERTY`: what the real code violates with the mistake, during the steps or at rest.
//! - `# without stops at step N`, if a step is not possible without the mistake: it is refused, which is the defence.
//! - `# mended LOSS`, if something else mends what the mistake does, given time: somebody arrives anew, because of LOSS.
//!   The violation shows as long as nobody judges what others say, if the head says that; and else in the last step,
//!   before anybody had the time.
//! - and what [`crate::repro`] reads.

use std::fmt::Write as _;

use tangelo_wire::Mistake;

use crate::{
    plan::Schedule,
    repro::Repro,
    step::{Action, Step},
    tlc,
};

/// See the module.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Of which mistake.
    pub mistake: Mistake,
    /// A [`crate::Property`], by its name.
    pub violates: String,
    /// The first step that is not possible without the mistake, from 1.
    pub stops: Option<usize>,
    /// What mends it, in the words of [`tangelo_call::Session::losses`].
    pub mended: Option<String>,
    /// What happens.
    pub schedule: Schedule,
}

impl Counterexample {
    /// Reads a file.
    ///
    /// # Errors
    /// What is missing, or cannot be read.
    pub fn read(text: &str) -> Result<Self, String> {
        let says = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)).map(str::trim)
        };
        let mistake = says("mistake ").ok_or("the head names no mistake: `# mistake NAME`")?;
        let violates = says("violates ").ok_or("the head names no property: `# violates PROPERTY`")?;
        let stops = says("without stops at step ").map(str::parse).transpose();
        Ok(Self {
            mistake: mistake.parse().map_err(|error| format!("{error}"))?,
            violates: violates.to_owned(),
            stops: stops.map_err(|error| format!("the step at which it stops cannot be read: {error}"))?,
            mended: says("mended ").map(str::to_owned),
            schedule: Repro::read(text)?.schedule,
        })
    }
}

/// A file of TLC's as one of these; what the head says of the real code is to be added by hand.
///
/// # Errors
/// Those of [`tlc::from_tlc`].
pub fn from_tlc(
    text: &str,
    together: usize,
    lazy: Option<usize>,
    mistakes: &[Mistake],
) -> Result<String, String> {
    let steps = tlc::from_tlc(text, together)?;
    let mut file = String::new();
    // Writing to a String cannot fail.
    for mistake in mistakes {
        let _ = writeln!(file, "# mistake {mistake}");
    }
    let found =
        text.lines().find_map(|line| line.strip_prefix("Error: ").filter(|line| !line.contains("TLC")));
    if let Some(found) = found {
        let _ = writeln!(file, "# In the model: {found}");
    }
    let person = |step: &Step| if let Step::Model(Action::Arrive, n) = step { *n } else { 0 };
    let _ = writeln!(file, "# persons {}", steps.iter().map(person).max().unwrap_or(1));
    let insider =
        steps.iter().find_map(|step| if let Step::Misdeed(_, n, _) = step { Some(*n) } else { None });
    if let Some(insider) = lazy.or(insider.filter(|insider| *insider <= together)) {
        let _ = writeln!(file, "# insider {insider}");
    }
    if let Some(lazy) = lazy {
        let _ = writeln!(file, "lazy p{lazy}");
    }
    for step in steps {
        let _ = writeln!(file, "{step}");
    }
    Ok(file)
}
