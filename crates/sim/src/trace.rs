//! What happened, in the words of the model: one JSON object a line.
//!
//! Places count the entries of the log that the model has: no `Message`, no `HostSaid`. A trace ends where the room
//! becomes empty, which the model's room never does.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tangelo_call::PendingLook;
use tangelo_wire::GroupId;

use crate::step::Step;

/// What a client holds after it has read an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is in no group.
    Nothing,
    /// It gave its place up.
    Dropped,
    /// A group, its epoch, and the members' numbers.
    State(GroupId, u64, Vec<usize>),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Vec<Value>,
    groups: BTreeMap<GroupId, (usize, u64)>,
    ended: bool,
}

impl Trace {
    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Value] {
        &self.lines
    }

    /// As a file.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// As steps of the model, with which it can be run once more.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let word = |line: &Value| -> Option<Step> {
            let action = line["action"].as_str()?;
            let away = if line["away"] == json!(true) { " away" } else { "" };
            let who = match action {
                "arrive" => format!("p{}", line["person"]),
                _ => format!("c{}", line["client"]),
            };
            format!("{action} {who}{away}").parse().ok()
        };
        self.lines.iter().filter_map(word).collect()
    }

    fn push(&mut self, line: Value) {
        if !self.ended {
            self.lines.push(line);
        }
    }

    fn simple(&mut self, action: &str, client: usize) {
        self.push(json!({"action": action, "client": client}));
    }

    pub(crate) fn cut(&mut self) {
        self.ended = true;
    }

    pub(crate) fn arrived(&mut self, person: usize, client: usize) {
        self.push(json!({"action": "arrive", "person": person, "client": client}));
    }

    pub(crate) fn crashed(&mut self, client: usize, away: bool) {
        self.push(json!({"action": "crash", "client": client, "away": away}));
    }

    pub(crate) fn frozen(&mut self, client: usize) {
        self.simple("freeze", client);
    }

    pub(crate) fn woken(&mut self, client: usize) {
        self.simple("wake", client);
    }

    pub(crate) fn disconnected(&mut self, client: usize) {
        self.simple("disconnect", client);
    }

    pub(crate) fn resumed(&mut self, client: usize) {
        self.simple("resume", client);
    }

    pub(crate) fn departed(&mut self, client: usize) {
        self.simple("depart", client);
    }

    pub(crate) fn dropped(&mut self, client: usize) {
        self.simple("drop", client);
    }

    pub(crate) fn founded(&mut self, group: GroupId, founder: usize, parent: u64) {
        self.groups.insert(group, (founder, parent));
    }

    pub(crate) fn taken(&mut self, client: usize, place: u64) {
        self.push(json!({"action": "take", "client": client, "place": place}));
    }

    pub(crate) fn refused(&mut self, client: usize) {
        self.simple("refuse", client);
    }

    pub(crate) fn entered(&mut self, client: usize, place: u64) {
        self.push(json!({"action": "enter", "client": client, "place": place}));
    }

    pub(crate) fn posted(
        &mut self,
        client: usize,
        post: &PendingLook,
        parent: u64,
        adds: &[usize],
        removes: &[usize],
    ) {
        let kind = match (post.founds, post.path && removes.is_empty()) {
            (true, _) => "found",
            (false, true) => "rekey",
            (false, false) => "commit",
        };
        self.push(json!({
            "action": kind, "client": client, "parent": parent, "adds": adds, "removes": removes, "path": post.path,
        }));
    }

    pub(crate) fn read(&mut self, client: usize, place: u64, held: &Held) {
        let holds = match held {
            Held::Nothing => json!("nothing"),
            Held::Dropped => json!("dropped"),
            Held::State(group, epoch, members) => {
                let (founder, parent) = self.groups.get(group).copied().unwrap_or_default();
                json!({"founder": founder, "parent": parent, "epoch": epoch, "members": members})
            }
        };
        self.push(json!({"action": "read", "client": client, "place": place, "holds": holds}));
    }
}
