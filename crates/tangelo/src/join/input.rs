//! Lines that are typed or piped in.

use std::io::{self, BufRead, IsTerminal};

use tokio::sync::mpsc;

use super::orders::Order;

/// What comes from standard input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Say(String),
    Order(Order),
    /// A host muted the microphone; the person takes that back.
    Unmute,
    Leave,
}

/// Reads on a thread of its own, which ends with the program: there is no way to stop waiting for a terminal.
///
/// The end of input means to leave in a terminal, where a person typed it. A bot often has no input at all, and stays.
pub(super) fn read() -> mpsc::Receiver<Input> {
    let (tell, told) = mpsc::channel(1);
    std::thread::spawn(move || {
        let stdin = io::stdin();
        let is_terminal = stdin.is_terminal();
        let mut stdin = stdin.lock();
        let mut line = Vec::new();
        while stdin.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if let Some(input) = understand(&String::from_utf8_lossy(&line))
                && tell.blocking_send(input).is_err()
            {
                return;
            }
            line.clear();
        }
        if is_terminal {
            let _ = tell.blocking_send(Input::Leave);
        }
    });
    told
}

fn understand(line: &str) -> Option<Input> {
    match line.trim() {
        "" => None,
        "/leave" => Some(Input::Leave),
        "/unmute" => Some(Input::Unmute),
        text => Some(Order::read(text).map_or_else(|| Input::Say(text.to_owned()), Input::Order)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_whole_words() {
        assert_eq!(understand("\r\n"), None);
        assert_eq!(understand(" /leave \n"), Some(Input::Leave));
        assert_eq!(understand("/unmute\n"), Some(Input::Unmute));
        assert_eq!(understand("/lock\n"), Some(Input::Order(Order::Lock)));
        assert_eq!(understand("/leaves\n"), Some(Input::Say("/leaves".to_owned())));
    }
}
