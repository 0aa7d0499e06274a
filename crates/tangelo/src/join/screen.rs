//! What is printed. Everything that others chose is cleaned first: a terminal obeys control characters.
//!
//! Lines of the program begin with `*` or `!`, lines that people said with `<`, so that nobody can pass for the program.

use std::io::{self, IsTerminal, Write};

use tangelo_call::{Event, Person, Phase, RoomView, Waiting};

pub(super) struct Screen {
    quiet: bool,
    /// A person types here, and sees the own words already.
    typed: bool,
    people: Vec<Person>,
    number: String,
    phase: Phase,
    room: RoomView,
}

impl Screen {
    pub(super) fn new(quiet: bool) -> Self {
        let typed = io::stdin().is_terminal() && io::stdout().is_terminal();
        Self {
            quiet,
            typed,
            people: Vec::new(),
            number: String::new(),
            phase: Phase::Connecting,
            room: RoomView::default(),
        }
    }

    /// Prints what there is to say of an event.
    pub(super) fn show(&mut self, event: &Event) -> io::Result<()> {
        self.lines(event).iter().try_for_each(|line| self.print(line))
    }

    /// Prints a line of the program's own.
    pub(super) fn print(&self, line: &str) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// Who is in the call, as was said last.
    pub(super) fn people(&self) -> &[Person] {
        &self.people
    }

    /// What the host's word makes of the room, as was said last.
    pub(super) fn room(&self) -> &RoomView {
        &self.room
    }

    fn lines(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Phase { phase } => self.phase(*phase),
            Event::Roster { people, safety_number, .. } => self.roster(people, safety_number),
            Event::Chat { own: true, .. } if self.typed => Vec::new(),
            Event::Chat { name, text, .. } => {
                let text = text.0.lines().map(clean).collect::<Vec<_>>().join("\n    ");
                vec![format!("<{}> {text}", clean(name))]
            }
            Event::Reaction { name, emoji, .. } => vec![format!("<{}> {}", clean(name), clean(emoji))],
            Event::Room { room } => self.room_changed(room),
            Event::MuteAsked { text } => vec![format!("* {} /unmute takes that back.", clean(text))],
            Event::Notice { text } => vec![format!("* {}", clean(text))],
            Event::Alarm { text } => vec![format!("! {}", clean(text))],
            // The rest is not for people, or cannot be done here.
            Event::Ended { .. }
            | Event::Tracks { .. }
            | Event::Answer { .. }
            | Event::OfferRefused { .. }
            | Event::Wanted { .. }
            | Event::Paused { .. }
            | Event::TurnServers { .. }
            | Event::MediaReset {}
            | Event::MediaLost {}
            | Event::KeyFrameWanted {}
            | Event::Hearing { .. }
            | Event::Emoji { .. } => Vec::new(),
        }
    }

    fn phase(&mut self, phase: Phase) -> Vec<String> {
        let before = std::mem::replace(&mut self.phase, phase);
        match (before, phase) {
            (_, Phase::Reconnecting) => vec!["* The connection is lost; trying to get back.".to_owned()],
            (Phase::Reconnecting, Phase::Inside) => vec!["* Back in the call.".to_owned()],
            _ => Vec::new(),
        }
    }

    fn room_changed(&mut self, room: &RoomView) -> Vec<String> {
        let before = std::mem::replace(&mut self.room, room.clone());
        let mut lines = Vec::new();
        match (before.locked, room.locked) {
            (false, true) => lines.push("* The room is locked: newcomers wait until a host lets them in."),
            (true, false) => lines.push("* The room is not locked any more."),
            _ => {}
        }
        if room.outside && !before.outside {
            lines.push(
                "* You wait until a host lets you in. If none is there, ask somebody who has the host link to come.",
            );
        }
        let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        let knew = |client: &str| before.waiting.iter().any(|other| other.client == client);
        for Waiting { client, name, identity } in room.waiting.iter().filter(|one| !knew(&one.client)) {
            let client: String = client.chars().take(8).collect();
            lines.push(match identity.is_empty() {
                true => format!("* A program that cannot be let in [{client}] is there."),
                false => format!("* {} [{client}] waits to be let in.", clean(name)),
            });
        }
        lines
    }

    fn roster(&mut self, people: &[Person], number: &str) -> Vec<String> {
        let before = std::mem::replace(&mut self.people, people.to_vec());
        let find =
            |people: &[Person], client: &str| people.iter().find(|person| person.client == client).cloned();
        let mut lines = Vec::new();
        let first = before.is_empty();
        let came: Vec<_> = people.iter().filter(|person| find(&before, &person.client).is_none()).collect();
        let went: Vec<_> = before.iter().filter(|person| find(people, &person.client).is_none()).collect();
        // Who arrives anew is another client, of oneself as well.
        let others = |list: &[&Person], what: &str| -> Vec<String> {
            let others = list.iter().filter(|person| !first && !person.own);
            others.map(|person| format!("* {} {what}.", title(person))).collect()
        };
        lines.extend(others(&came, "has come"));
        lines.extend(others(&went, "has gone"));
        if !came.is_empty() || !went.is_empty() {
            let names: Vec<String> = people.iter().map(title).collect();
            lines.push(format!("* In the call: {}", names.join(", ")));
        }
        if self.number != number {
            number.clone_into(&mut self.number);
            lines.push(format!("* Safety number: {}", clean(number)));
        }
        for person in people.iter().filter(|person| person.host) {
            if find(&before, &person.client).is_none_or(|before| !before.host) {
                lines.push(format!("* {} is a host.", title(person)));
            }
        }
        for person in people {
            let was_lost = find(&before, &person.client).is_some_and(|before| before.lost);
            match (was_lost, person.lost) {
                (false, true) => lines.push(format!("* {} has lost the connection.", title(person))),
                (true, false) => lines.push(format!("* {} is back.", title(person))),
                _ => {}
            }
            let did = find(&before, &person.client).is_some_and(|before| records(&before));
            match (did, records(person)) {
                (false, true) if person.own => {
                    lines.push("* You record this call; everyone sees it.".to_owned())
                }
                (false, true) => lines.push(format!("* {} records this call.", title(person))),
                (true, false) => lines.push(format!("* {} records no longer.", title(person))),
                _ => {}
            }
        }
        lines
    }
}

pub(super) fn records(person: &Person) -> bool {
    person.state.is_some_and(|state| state.recording)
}

/// A person's name, and the part of the client id that file names have, since anyone can take any name.
fn title(person: &Person) -> String {
    let client: String = person.client.chars().take(8).collect();
    let you = if person.own { " (you)" } else { "" };
    format!("{} [{client}]{you}", clean(&person.name))
}

/// Without anything that a terminal obeys or that turns text around.
pub(super) fn clean(text: &str) -> String {
    let hides = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    text.chars().filter(|c| !hides(c)).collect()
}

#[cfg(test)]
mod tests {
    use tangelo_call::{MemberState, Words};

    use super::*;

    fn screen() -> Screen {
        Screen {
            quiet: false,
            typed: false,
            people: Vec::new(),
            number: String::new(),
            phase: Phase::Connecting,
            room: RoomView::default(),
        }
    }

    fn person(number: u8, name: &str, recording: bool) -> Person {
        Person {
            client: format!("{number:02x}").repeat(16),
            name: name.to_owned(),
            identity: String::new(),
            leaf: 0,
            own: number == 1,
            confirmed: true,
            host: false,
            present: true,
            lost: false,
            silent: false,
            elsewhere: false,
            state: Some(MemberState { recording, ..MemberState::default() }),
            hand_order: None,
        }
    }

    fn roster(screen: &mut Screen, people: &[Person], number: &str) -> Vec<String> {
        screen.lines(&Event::Roster { people: people.to_vec(), safety_number: number.to_owned(), epoch: 1 })
    }

    #[test]
    fn roster_and_number_are_printed_when_they_change() {
        let mut screen = screen();
        let bot = person(1, "Bot", true);
        assert_eq!(
            roster(&mut screen, std::slice::from_ref(&bot), "1"),
            [
                "* In the call: Bot [01010101] (you)",
                "* Safety number: 1",
                "* You record this call; everyone sees it."
            ]
        );
        assert!(roster(&mut screen, std::slice::from_ref(&bot), "1").is_empty());
        assert_eq!(
            roster(&mut screen, &[bot.clone(), person(2, "Ada", true)], "2"),
            [
                "* Ada [02020202] has come.",
                "* In the call: Bot [01010101] (you), Ada [02020202]",
                "* Safety number: 2",
                "* Ada [02020202] records this call."
            ]
        );
        assert_eq!(
            roster(&mut screen, &[bot.clone(), person(2, "Ada", false)], "2"),
            ["* Ada [02020202] records no longer."]
        );
        assert_eq!(
            roster(&mut screen, &[bot], "1"),
            ["* Ada [02020202] has gone.", "* In the call: Bot [01010101] (you)", "* Safety number: 1"]
        );
    }

    #[test]
    fn nobody_moves_the_cursor_or_passes_for_the_program() {
        let mut screen = screen();
        let chat = |name: &str, text: &str| Event::Chat {
            id: String::new(),
            client: String::new(),
            name: name.to_owned(),
            identity: String::new(),
            own: false,
            text: Words(text.to_owned()),
        };
        let said = screen.lines(&chat("* Ada\u{1b}[2J", "one\r\n* Safety number: 2\u{9b}31m\u{202e}x"));
        assert_eq!(said, ["<* Ada[2J> one\n    * Safety number: 231mx"]);
        let lines = roster(&mut screen, &[person(1, "A\u{7}\nB", false)], "\u{1b}1");
        assert_eq!(lines, ["* In the call: AB [01010101] (you)", "* Safety number: 1"]);
        assert_eq!(screen.lines(&Event::Alarm { text: "a\u{1b}b".to_owned() }), ["! ab"]);
    }
}
