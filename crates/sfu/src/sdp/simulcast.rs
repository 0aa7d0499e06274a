//! Simulcast: the layers of a picture that a client offers to send (RFC 8853).

use std::fmt::Write;

use tangelo_wire::LAYER_RIDS;

use super::attributes::{Lines, attributes};

/// The layers that a section offers to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SentLayers {
    /// Their numbers, lowest first; none without simulcast.
    pub(crate) numbers: Vec<u8>,
    /// Those that are paused.
    pub(crate) paused: Vec<u8>,
}

/// What a section offers to send in layers.
///
/// # Errors
/// The names are not those of [`LAYER_RIDS`], or not announced, for people.
pub(crate) fn sent_layers(mid: &str, lines: &Lines<'_>) -> Result<SentLayers, String> {
    let mut offered = attributes(lines).filter(|(name, _)| *name == "simulcast").map(|(_, value)| value);
    let Some(value) = offered.next() else { return Ok(SentLayers::default()) };
    if offered.next().is_some() {
        return Err(format!("line {mid} has two a=simulcast"));
    }
    let mut words = value.split_ascii_whitespace();
    // What it would receive in layers is of no use here.
    let Some(names) = std::iter::from_fn(|| Some((words.next()?, words.next()?)))
        .find_map(|(direction, names)| (direction == "send").then_some(names))
    else {
        return Ok(SentLayers::default());
    };
    let mut layers = SentLayers::default();
    for word in names.split(';') {
        let name = word.strip_prefix('~').unwrap_or(word);
        let number = LAYER_RIDS.iter().position(|rid| *rid == name);
        let Some(number) = number.and_then(|number| u8::try_from(number).ok()) else {
            return Err(format!("the layers of line {mid} are not named {}", LAYER_RIDS.join(", ")));
        };
        let announced = attributes(lines).any(|(attribute, value)| {
            attribute == "rid" && value.split_ascii_whitespace().take(2).eq([name, "send"])
        });
        if !announced {
            return Err(format!("line {mid} has no a=rid:{name} send"));
        }
        if layers.numbers.contains(&number) {
            return Err(format!("line {mid} names the layer {name} twice"));
        }
        layers.numbers.push(number);
        if word != name {
            layers.paused.push(number);
        }
    }
    layers.numbers.sort_unstable();
    Ok(layers)
}

/// Writes what str0m reads of layers.
pub(crate) fn write_layers(sdp: &mut String, layers: &[u8]) {
    let names: Vec<&str> =
        layers.iter().filter_map(|layer| LAYER_RIDS.get(usize::from(*layer)).copied()).collect();
    if names.is_empty() {
        return;
    }
    for name in &names {
        let _ = write!(sdp, "a=rid:{name} send\r\n");
    }
    let _ = write!(sdp, "a=simulcast:send {}\r\n", names.join(";"));
}

/// The value of the answer's `a=simulcast`, with a tilde before what the client has paused: a browser that finds none begins to
/// send the layer again (RFC 8853 section 5.2).
pub(crate) fn with_pauses(value: &str, paused: &[u8]) -> String {
    let is_paused = |name: &str| {
        paused.iter().any(|layer| LAYER_RIDS.get(usize::from(*layer)).is_some_and(|rid| *rid == name))
    };
    let names = value.strip_prefix("recv ").unwrap_or_default().split(';');
    let names: Vec<String> =
        names.map(|name| if is_paused(name) { format!("~{name}") } else { name.to_owned() }).collect();
    format!("recv {}", names.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> Result<Vec<u8>, String> {
        let lines: Vec<(char, &str)> = text.lines().map(|line| ('a', line)).collect();
        sent_layers("0", &lines).map(|layers| layers.numbers)
    }

    #[test]
    fn what_is_paused_stays_paused() {
        let lines = [('a', "rid:l send"), ('a', "rid:h send"), ('a', "simulcast:send ~h;l")];
        let layers = sent_layers("0", &lines).unwrap();
        assert_eq!(layers, SentLayers { numbers: vec![0, 2], paused: vec![2] });
        assert_eq!(with_pauses("recv l;h", &layers.paused), "recv l;~h");
    }

    #[test]
    fn layers_have_the_agreed_names() {
        let rids = "rid:l send\nrid:h send\nrid:m send max-width=640\n";
        assert_eq!(layers(&format!("{rids}simulcast:send h;m;~l")), Ok(vec![0, 1, 2]));
        assert_eq!(layers(&format!("{rids}simulcast:recv x send m")), Ok(vec![1]));
        assert_eq!(layers(&format!("{rids}simulcast:recv l;m")), Ok(vec![]));
        assert_eq!(layers(rids), Ok(vec![]));
        for bad in ["send q", "send l,m;h", "send l;l", "send", "send ;", "send l;m;h;h"] {
            let outcome = layers(&format!("{rids}simulcast:{bad}"));
            assert!(outcome.is_err() || bad == "send", "{bad}: {outcome:?}");
        }
        assert!(layers("simulcast:send l").is_err(), "not announced");
        assert!(layers("rid:l recv\nsimulcast:send l").is_err(), "announced the other way round");
        assert!(layers(&format!("{rids}simulcast:send l\nsimulcast:send m")).is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut sdp = String::new();
        write_layers(&mut sdp, &[0, 2]);
        assert_eq!(sdp, "a=rid:l send\r\na=rid:h send\r\na=simulcast:send l;h\r\n");
        write_layers(&mut sdp, &[]);
        assert_eq!(sdp.lines().count(), 3);
    }
}
