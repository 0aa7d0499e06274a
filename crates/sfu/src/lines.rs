//! What each line of an offer is for, checked against its SDP.

use std::collections::BTreeSet;

use str0m::media::Direction;
use tangelo_wire::{ClientId, LineUse, MediaLine};

use crate::sdp::{Offer, Section};

/// The use of every `m=` section, in the order of the SDP.
///
/// # Errors
/// What is wrong, for people.
pub(crate) fn match_lines(
    client: ClientId,
    offer: &Offer,
    lines: &[MediaLine],
) -> Result<Vec<Option<LineUse>>, String> {
    if lines.len() != offer.sections.len() {
        return Err(format!(
            "the SDP has {} m= sections, but {} lines are listed",
            offer.sections.len(),
            lines.len()
        ));
    }
    let mut taken = BTreeSet::new();
    let mut uses = Vec::with_capacity(lines.len());
    for section in &offer.sections {
        // As many lines as sections, and sections have different mids: whoever finds one each has found all.
        let Some(line) = lines.iter().find(|line| line.mid == section.mid) else {
            return Err(format!("line {} of the SDP is not listed", section.mid));
        };
        if let Some(line_use) = &line.line_use {
            check_use(client, section, line_use)?;
            // (sender, source): own ones are sent, those of others received.
            let track = match line_use {
                LineUse::Send { source } => (client, *source),
                LineUse::Receive { client, source } => (*client, *source),
            };
            if !taken.insert(track) {
                return Err(format!("line {} is for a source that another line is for already", section.mid));
            }
        } else if section.direction == Direction::SendOnly || section.direction == Direction::SendRecv {
            return Err(format!("line {} sends, but is listed as out of use", section.mid));
        }
        uses.push(line.line_use);
    }
    Ok(uses)
}

fn check_use(client: ClientId, section: &Section, line_use: &LineUse) -> Result<(), String> {
    let mid = &section.mid;
    if section.rejected {
        return Err(format!("line {mid} is stopped, but is listed as in use"));
    }
    let (source, direction_ok) = match line_use {
        LineUse::Send { source } => {
            (source, matches!(section.direction, Direction::SendOnly | Direction::SendRecv))
        }
        LineUse::Receive { client: sender, source } => {
            if *sender == client {
                return Err(format!("line {mid} asks for the client's own track"));
            }
            (source, section.direction == Direction::RecvOnly)
        }
    };
    if !direction_ok {
        return Err(format!("line {mid} is {}, which does not fit its use", section.direction));
    }
    if source.kind() != section.kind {
        return Err(format!("line {mid} is audio and its source is video, or the other way round"));
    }
    Ok(())
}

/// The direction that stands in the plain offer for a use.
pub(crate) fn direction_of(line_use: Option<&LineUse>) -> Direction {
    match line_use {
        Some(LineUse::Send { .. }) => Direction::SendOnly,
        Some(LineUse::Receive { .. }) => Direction::RecvOnly,
        None => Direction::Inactive,
    }
}

/// Lines keep their place and kind, unless a stopped one makes room (RFC 9429 section 5.2.2).
///
/// # Errors
/// What is wrong, for people.
pub(crate) fn check_order(before: &[Section], after: &[Section]) -> Result<(), String> {
    if after.len() < before.len() {
        return Err("the SDP has fewer m= sections than before".into());
    }
    for (old, new) in before.iter().zip(after) {
        let same = old.mid == new.mid;
        if !same && !old.rejected {
            return Err(format!("line {} has lost its place in the SDP", old.mid));
        }
        if same && old.kind != new.kind {
            return Err(format!("line {} was audio and is video now, or the other way round", old.mid));
        }
        // str0m keeps the first ones, and so do the numbers of the streams.
        if same && !old.layers.is_empty() && !new.layers.is_empty() && old.layers != new.layers {
            return Err(format!("line {} has other layers than before", old.mid));
        }
        if same && old.rejected && !new.rejected {
            return Err(format!("line {} was stopped, and a stopped line does not come back", old.mid));
        }
    }
    let stays = |new: &Section| before.iter().position(|old| old.mid == new.mid);
    if after.iter().enumerate().any(|(index, new)| stays(new).is_some_and(|old_index| old_index != index)) {
        return Err("a line has changed its place in the SDP".into());
    }
    Ok(())
}
