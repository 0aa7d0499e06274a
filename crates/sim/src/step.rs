//! What happens in a world, one line each: the language of schedules, repro files, traces and replays.
//!
//! Persons are `p1`, `p2` ..; clients are `c1`, `c2` .. in the order in which they arrive in the log. A line that begins
//! with `#` is a comment.

use std::{fmt, str::FromStr};

use crate::insider::ATTACKS;
pub use crate::insider::Attack;

/// An action of the model in `spec/`. Nothing else happens with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A person's client arrives and takes its snapshot.
    Arrive,
    /// The client's program is killed; the person comes back with another.
    Crash,
    /// The same, and the person does not come back.
    CrashAway,
    /// The client stands still: it reads nothing and no timer of its fires.
    Freeze,
    /// It goes on.
    Wake,
    /// Its connection breaks, with all that is on it, both ways.
    Disconnect,
    /// It connects again and is resumed.
    Resume,
    /// The server takes it out of the room.
    Depart,
    /// It processes the next entry of the log that is no `Message`.
    Read,
    /// It makes a post that founds a group.
    Found,
    /// It makes a commit because there is work.
    Commit,
    /// It makes a commit that renews its path.
    Rekey,
    /// The server takes its post and appends it.
    Take,
    /// The server refuses its post.
    Refuse,
    /// The server takes its `Enter` and appends it.
    Enter,
    /// It gives its place up other than by reading an entry.
    Drop,
}

/// Something that happens to one person, or that it does, while time runs freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Opens the call, if it is not in it and has not left for good.
    Join,
    /// Its program is killed; it comes back at the end.
    Kill,
    /// Its program is killed, and it does not come back.
    KillAway,
    /// It leaves as one should, and does not come back.
    Leave,
    /// Its program stands still.
    Freeze,
    /// It goes on.
    Wake,
    /// It stands still to the end, and longer than anybody else.
    Stay,
    /// Its connection breaks.
    Cut,
    /// The server takes its client out of the room.
    Expel,
    /// It says something.
    Chat,
    /// Insider: it never commits from now on.
    Lazy,
    /// Insider: nobody can use its next Welcome.
    Spoil,
    /// Insider: it posts more than anybody should.
    Flood,
    /// Hostile server: it is not shown the next entry, and never hears of that.
    Withhold,
    /// Hostile server: it is shown another entry in place of the next that can be changed.
    Swap,
    /// Hostile server: it is shown the next entry twice.
    Double,
    /// Hostile server: it is shown the next two entries in the wrong order.
    Reorder,
    /// Hostile server: it is shown a departure that nobody else is shown.
    Vanish,
    /// Hostile server: everybody is shown the arrival of a client that has no admission. Insider: such a client arrives with an
    /// admission, and with a key package that breaks a rule.
    Ghost,
    /// Hostile server: it is shown the arrival of a client with an admission of another.
    Forge,
    /// Hostile server: its next snapshot is false.
    Lie,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// For a client, or with [`Action::Arrive`] for a person.
    Model(Action, usize),
    /// For a person.
    Deed(Deed, usize),
    /// By a person, to others.
    Attack(Attack, usize, Vec<usize>),
    /// The same as a step of the model: by a client, to others.
    Misdeed(Attack, usize, Vec<usize>),
    /// What a person sends and gets is so long on its way, in milliseconds; the last is added at random.
    Lag(usize, u64, u64, u64),
    /// A clock jumps ahead, in milliseconds: a person's, or the server's (0).
    Skew(usize, u64),
    /// The server starts anew and has forgotten everything.
    Restart,
    /// The server is cut off, and another one goes on with what it had kept.
    Revive,
    /// Time passes, in milliseconds.
    Run(u64),
}

const ACTIONS: [(Action, &str); 16] = [
    (Action::Arrive, "arrive"),
    (Action::Crash, "crash"),
    (Action::CrashAway, "crash"),
    (Action::Freeze, "freeze"),
    (Action::Wake, "wake"),
    (Action::Disconnect, "disconnect"),
    (Action::Resume, "resume"),
    (Action::Depart, "depart"),
    (Action::Read, "read"),
    (Action::Found, "found"),
    (Action::Commit, "commit"),
    (Action::Rekey, "rekey"),
    (Action::Take, "take"),
    (Action::Refuse, "refuse"),
    (Action::Enter, "enter"),
    (Action::Drop, "drop"),
];

const DEEDS: [(Deed, &str); 21] = [
    (Deed::Join, "join"),
    (Deed::Kill, "kill"),
    (Deed::KillAway, "kill"),
    (Deed::Leave, "leave"),
    (Deed::Freeze, "freeze"),
    (Deed::Wake, "wake"),
    (Deed::Stay, "stay"),
    (Deed::Cut, "cut"),
    (Deed::Expel, "expel"),
    (Deed::Chat, "chat"),
    (Deed::Lazy, "lazy"),
    (Deed::Spoil, "spoil"),
    (Deed::Flood, "flood"),
    (Deed::Withhold, "withhold"),
    (Deed::Swap, "swap"),
    (Deed::Double, "double"),
    (Deed::Reorder, "reorder"),
    (Deed::Vanish, "vanish"),
    (Deed::Ghost, "ghost"),
    (Deed::Forge, "forge"),
    (Deed::Lie, "lie"),
];

fn name<T: PartialEq + Copy>(table: &[(T, &'static str)], wanted: T) -> &'static str {
    table.iter().find(|(one, _)| *one == wanted).map_or("?", |(_, name)| name)
}

fn called<T: Copy>(table: &[(T, &str)], name: &str) -> Option<T> {
    table.iter().find(|(_, other)| *other == name).map(|(one, _)| *one)
}

impl Action {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        name(&ACTIONS, self)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(action, n) => {
                let kind = if *action == Action::Arrive { 'p' } else { 'c' };
                let away = if *action == Action::CrashAway { " away" } else { "" };
                write!(f, "{} {kind}{n}{away}", action.name())
            }
            Self::Deed(deed, n) => {
                let away = if *deed == Deed::KillAway { " away" } else { "" };
                write!(f, "{} p{n}{away}", name(&DEEDS, *deed))
            }
            Self::Attack(attack, n, others) => {
                write!(f, "{} p{n}", name(&ATTACKS, *attack))?;
                others.iter().try_for_each(|other| write!(f, " p{other}"))
            }
            Self::Misdeed(attack, n, others) => {
                write!(f, "{} c{n}", name(&ATTACKS, *attack))?;
                others.iter().try_for_each(|other| write!(f, " c{other}"))
            }
            Self::Lag(n, up, down, more) => write!(f, "lag p{n} {up} {down} {more}"),
            Self::Skew(0, ms) => write!(f, "skew server {ms}"),
            Self::Skew(n, ms) => write!(f, "skew p{n} {ms}"),
            Self::Restart => f.write_str("restart"),
            Self::Revive => f.write_str("revive"),
            Self::Run(ms) => write!(f, "run {ms}"),
        }
    }
}

fn read(text: &str) -> Option<Step> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let numbered = |word: &str, kind: char| word.strip_prefix(kind)?.parse::<usize>().ok().filter(|n| *n > 0);
    let all = |words: &[&str], kind: char| -> Option<Vec<usize>> {
        words.iter().map(|word| numbered(word, kind)).collect()
    };
    let number = |word: &str| word.parse::<u64>().ok();
    match words.as_slice() {
        ["restart"] => Some(Step::Restart),
        ["revive"] => Some(Step::Revive),
        ["run", ms] => Some(Step::Run(number(ms)?)),
        ["skew", "server", ms] => Some(Step::Skew(0, number(ms)?)),
        ["skew", who, ms] => Some(Step::Skew(numbered(who, 'p')?, number(ms)?)),
        ["lag", who, up, down, more] => {
            Some(Step::Lag(numbered(who, 'p')?, number(up)?, number(down)?, number(more)?))
        }
        ["arrive", who] => Some(Step::Model(Action::Arrive, numbered(who, 'p')?)),
        ["crash", who, "away"] => Some(Step::Model(Action::CrashAway, numbered(who, 'c')?)),
        ["kill", who, "away"] => Some(Step::Deed(Deed::KillAway, numbered(who, 'p')?)),
        [verb, who, others @ ..] if who.starts_with('c') => {
            if let Some(attack) = called(&ATTACKS, verb) {
                return Some(Step::Misdeed(attack, numbered(who, 'c')?, all(others, 'c')?));
            }
            let action =
                called(&ACTIONS, verb).filter(|action| *action != Action::Arrive && others.is_empty())?;
            Some(Step::Model(action, numbered(who, 'c')?))
        }
        [verb, who, others @ ..] => {
            let who = numbered(who, 'p')?;
            if let Some(attack) = called(&ATTACKS, verb) {
                return Some(Step::Attack(attack, who, all(others, 'p')?));
            }
            others.is_empty().then(|| called(&DEEDS, verb).map(|deed| Step::Deed(deed, who)))?
        }
        _ => None,
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| format!("`{text}` is no step; see crates/sim/src/step.rs for what there is"))
    }
}

/// Reads a file of steps. Empty lines and comments are left out.
///
/// # Errors
/// The first line that is none.
pub fn read_steps(text: &str) -> Result<Vec<Step>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_read_back() {
        let mut steps = vec![
            Step::Restart,
            Step::Revive,
            Step::Run(5),
            Step::Lag(1, 2, 3, 4),
            Step::Skew(0, 9),
            Step::Skew(2, 9),
        ];
        steps.extend(ACTIONS.iter().map(|(action, _)| Step::Model(*action, 3)));
        steps.extend(DEEDS.iter().map(|(deed, _)| Step::Deed(*deed, 12)));
        steps.extend(ATTACKS.iter().map(|(attack, _)| Step::Attack(*attack, 1, vec![2, 3])));
        steps.extend(ATTACKS.iter().map(|(attack, _)| Step::Misdeed(*attack, 2, vec![1])));
        let text: String = steps.iter().map(|step| format!("{step}\n")).collect();
        assert_eq!(read_steps(&text).unwrap(), steps);
        assert_eq!(read_steps(&format!("# seed 3\n\n{text}")).unwrap(), steps);
    }

    #[test]
    fn what_is_no_step_is_an_error() {
        for line in [
            "",
            "arrive",
            "arrive c1",
            "read p1",
            "run",
            "run x",
            "join p0",
            "join p1 p2",
            "crash c1 soon",
            "junk c1 p2",
        ] {
            assert!(line.parse::<Step>().is_err(), "{line}");
        }
    }
}
