//! Lines that are typed or piped in.

use std::io::{self, BufRead, IsTerminal};

use tokio::sync::mpsc;

/// What comes from standard input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Say(String),
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
        text => Some(Input::Say(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leave_is_a_command() {
        assert_eq!(understand("\r\n"), None);
        assert_eq!(understand(" /leave \n"), Some(Input::Leave));
        assert_eq!(understand("/leaves\n"), Some(Input::Say("/leaves".to_owned())));
    }
}
