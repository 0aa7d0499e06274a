//! `tangelo token`: tokens, and the keys that they are made with.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tangelo_call::link::Link;
use tangelo_client::Address;
use tangelo_token::{Claims, Issuer, ParseRightError, Right, Rooms, new_key_pair, new_secret};

use crate::join::Misused;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Print a token, or the whole link with it if a link is given.
    ///
    /// Whoever has it gets in, so give each person one of their own.
    Issue(Options),
    /// Make a file with a new secret, for --token-key-file of the server and --key here.
    NewKey {
        /// The file, which is not to be there yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a key pair (Ed25519): with the private key tokens are issued, with the public one the server checks them.
    NewKeyPair {
        /// File for the private key, which is not to be there yet: for --key here.
        #[arg(value_name = "PRIVATE")]
        private: PathBuf,
        /// File for the public key, which is not to be there yet: for --token-public-key of the server.
        #[arg(value_name = "PUBLIC")]
        public: PathBuf,
    },
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A room's link, or the address of the server's start page for all of its rooms; then the link is printed with the token. Or a
    /// room's name, or "*" for all rooms; then the token is printed alone, and is good on every server that takes it.
    ///
    /// Put it in quotes. A link is the key to the call, and other people on this machine can read command lines: the variable
    /// keeps it from them.
    #[arg(env = "TANGELO_URL", hide_env_values = true, value_name = "LINK|ROOM")]
    room: String,

    /// File with the key: the secret that the server has as --token-key-file, or the private key of its --token-public-key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// A name for the person, which the lobby suggests.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Who the person is to you: for --creator of the server. The others in the call do not see it.
    #[arg(long, value_name = "SUBJECT")]
    sub: Option<String>,

    /// What it lets the person do: join, or create, which is to begin a room with --rooms creators; may be given several times.
    #[arg(long = "right", value_name = "RIGHT", default_value = "join", value_parser = right)]
    rights: Vec<Right>,

    /// How long it is good: a number with s, m, h or d for seconds, minutes, hours or days. Whoever is in a call then stays in.
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = duration)]
    valid_for: Duration,
}

pub(crate) fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Issue(options) => issue(options),
        Command::NewKey { file } => {
            let random = tangelo_call::random_bytes()?;
            write_new(&file, new_secret(&random).as_bytes(), Mode::Secret)
        }
        Command::NewKeyPair { private, public } => {
            let pair = new_key_pair(tangelo_call::random_bytes()?).ok_or("no key pair could be made")?;
            write_new(&public, pair.public.as_bytes(), Mode::Public)?;
            write_new(&private, pair.private.as_bytes(), Mode::Secret).inspect_err(|_| {
                // One half is of no use.
                let _ = fs::remove_file(&public);
            })
        }
    }
}

fn issue(options: Options) -> Result<(), Box<dyn Error>> {
    let place = Place::read(&options.room)?;
    let in_file = |why: String| format!("{}: {why}", options.key.display());
    let text = fs::read_to_string(&options.key).map_err(|error| in_file(error.to_string()))?;
    let issuer = Issuer::read(&text).map_err(|error| in_file(error.to_string()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let claims = Claims {
        rooms: place.rooms,
        subject: options.sub,
        name: options.name,
        rights: options.rights,
        hosts: place.host.into_iter().collect(),
        not_before: None,
        expires: now.saturating_add(options.valid_for).as_secs(),
    };
    let token = issuer.issue(&claims).map_err(|error| Misused::new(error.to_string()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}{}", place.before, token.as_str())?;
    Ok(())
}

/// What a token is for.
struct Place {
    rooms: Rooms,
    host: Option<String>,
    /// What stands before the token in the link, if there is one.
    before: String,
}

impl Place {
    fn read(text: &str) -> Result<Self, Misused> {
        if !text.contains("://") {
            let rooms = text.parse().map_err(|error| Misused::new(format!("{error}")))?;
            return Ok(Self { rooms, host: None, before: String::new() });
        }
        let address = Address::of_server(text).map_err(|error| Misused::new(error.to_string()))?;
        let rooms = if matches!(address.link.as_str(), "/" | "/#") {
            Rooms::All
        } else {
            let link = Link::parse(&address.link)
                .map_err(|error| Misused::new(format!("this is no room link: {error}")))?;
            if link.token().is_some() {
                return Err(Misused::new("this link has a token already: take it out".to_owned()));
            }
            if link.is_host() {
                return Err(Misused::new(
                    "this link makes whoever has it a host, so the guest would become one: give the call's own link, \
                     without the dot and what follows it"
                        .to_owned(),
                ));
            }
            Rooms::One(link.room().clone())
        };
        let link = address.link.trim_end_matches('#');
        let behind = if link.contains('#') { "&" } else { "#" };
        let before = format!("{}{link}{behind}token=", address.origin());
        Ok(Self { rooms, host: Some(address.host), before })
    }
}

enum Mode {
    /// Nobody else may read it.
    Secret,
    Public,
}

/// Writes a file that is not there yet: a key that is in use is never lost.
fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Box<dyn Error>> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match mode {
            Mode::Secret => 0o600,
            Mode::Public => 0o644,
        });
    }
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

fn right(text: &str) -> Result<Right, ParseRightError> {
    text.parse()
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "this is to be a number with s, m, h or d, as 90m or 2h, and at least a second".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    // A sign is no part of it.
    let number =
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse::<u32>().ok()).flatten();
    number
        .filter(|number| *number > 0)
        .map(|number| Duration::from_secs(u64::from(number) * seconds))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        for (text, seconds) in [("1s", 1), ("90m", 5_400), ("2h", 7_200), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "h", "2", "0h", "-1h", "+1h", "1.5h", "2 h", "2w", "99999999999d", "ä"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_for_what_is_given() {
        let place =
            |text: &str| Place::read(text).map(|place| (place.rooms.to_string(), place.host, place.before));
        let link = Link::new_room().unwrap();
        let (room, path) = (link.room().to_string(), link.path());
        let host = Some("call.example".to_owned());
        assert_eq!(place("*").unwrap(), ("*".to_owned(), None, String::new()));
        assert_eq!(place(&room).unwrap(), (room.clone(), None, String::new()));
        let before = format!("https://call.example{path}&token=");
        assert_eq!(place(&format!("https://Call.example:443{path}")).unwrap(), (room, host.clone(), before));
        let before = "https://call.example/r/standup#token=".to_owned();
        assert_eq!(
            place("https://call.example/r/standup").unwrap(),
            ("standup".to_owned(), host.clone(), before)
        );
        for start in ["https://call.example", "https://call.example/", "https://call.example/#"] {
            let before = "https://call.example/#token=".to_owned();
            assert_eq!(place(start).unwrap(), ("*".to_owned(), host.clone(), before), "{start}");
        }
        let cut = path.split('#').next().unwrap();
        for bad in [
            "",
            "Not A Room",
            "ftp://call.example/r/standup",
            "https://call.example/x",
            &format!("https://call.example{cut}"),
            "https://call.example/r/standup#token=a.b.c",
            &format!("https://call.example{path}.{}", link.host_secret().unwrap()),
        ] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
