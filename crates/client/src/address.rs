//! The parts of a room's URL.

use std::{net::SocketAddr, str::FromStr};

/// A room's URL, taken apart. The fragment holds the room's secret: an address does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether the server is reached by TLS.
    pub tls: bool,
    /// Name and port as `location.host` has them: no port if it is the scheme's own.
    pub host: String,
    /// Path and fragment, `/r/ROOM#SECRET`.
    pub link: String,
    /// Where to connect to instead of what the host's name stands for.
    pub via: Option<SocketAddr>,
}

/// Why a text is no room URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no room link; one looks like https://host/r/room#secret")]
pub struct AddressError;

impl Address {
    /// A server's own: `https://host`, or any page of it. The link is what follows the host.
    ///
    /// # Errors
    /// It is no such URL.
    pub fn of_server(url: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = url.split_once("://").ok_or(AddressError)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(AddressError),
        };
        let (host, link) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "/"));
        let own_port = if tls { ":443" } else { ":80" };
        let host = host.strip_suffix(own_port).unwrap_or(host).to_ascii_lowercase();
        if host.is_empty() || host.contains(['@', '?', '#', ' ']) {
            return Err(AddressError);
        }
        Ok(Self { tls, host, link: link.to_owned(), via: None })
    }

    /// Where the WebSocket is.
    #[must_use]
    pub fn web_socket(&self) -> String {
        format!("{}://{}/ws", if self.tls { "wss" } else { "ws" }, self.host)
    }

    /// The origin that a browser would name.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.host)
    }

    /// The host without its port, and an IPv6 address without its brackets: what a certificate is for.
    #[must_use]
    pub fn name(&self) -> &str {
        let has_port = |(_, port): &(&str, &str)| port.parse::<u16>().is_ok();
        let name = self.host.rsplit_once(':').filter(has_port).map_or(&*self.host, |(name, _)| name);
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name)
    }

    /// Host and port to look up and connect to.
    #[must_use]
    pub fn authority(&self) -> String {
        let has_port = self.host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = if self.tls { 443 } else { 80 };
        if has_port { self.host.clone() } else { format!("{}:{port}", self.host) }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("host", &self.host).finish_non_exhaustive()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        Self::of_server(url).ok().filter(|address| address.link.starts_with("/r/")).ok_or(AddressError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_url_has_its_parts() {
        let address: Address = "http://localhost:8080/r/standup".parse().unwrap();
        assert_eq!(address.web_socket(), "ws://localhost:8080/ws");
        assert_eq!(address.authority(), "localhost:8080");
        let address: Address = "https://Call.example:443/r/_a#b".parse().unwrap();
        assert_eq!((address.host.as_str(), address.link.as_str()), ("call.example", "/r/_a#b"));
        assert_eq!(address.authority(), "call.example:443");
        for (url, name) in
            [("https://a.b:1/r/x", "a.b"), ("https://[::1]:1/r/x", "::1"), ("https://[::1]/r/x", "::1")]
        {
            assert_eq!(url.parse::<Address>().unwrap().name(), name);
        }
        assert!(!format!("{address:?}").contains("#b"));
        for bad in ["", "localhost/r/a", "ftp://a/r/b", "http:///r/a", "http://a/x", "http://u@a/r/b"] {
            assert_eq!(bad.parse::<Address>(), Err(AddressError), "{bad}");
        }
    }
}
