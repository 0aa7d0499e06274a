//! Headers that make the pages of this server hard to abuse.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use tangelo_wire::limits;

use crate::web::busy;

/// The server's host as a request names it, in lower case; `None` if it is no host (RFC 9110 section 7.2).
pub(crate) fn valid_host(host: &str) -> Option<String> {
    let fine =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let valid = !host.is_empty() && host.len() <= limits::HOST_MAX_BYTES && host.bytes().all(fine);
    valid.then(|| host.to_ascii_lowercase())
}

/// Time to answer. WebSockets are answered at once, and live on.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// How long browsers are to come by HTTPS alone, once they have (RFC 6797). For the name of this server, not for those below it.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether a browser may be told so for this host (and port). Only for names of the public domain name system, each of which is one
/// machine's for good: `localhost` and names in local networks are other machines' tomorrow, or other programs', which have no HTTPS.
/// And only at HTTPS's own port: it would hold for all other ports of that name, too (RFC 6797 section 8.3), and what is there is not
/// this server's to say. Browsers do not take it for IP addresses (section 8.1.1).
fn may_be_https_only(host: &str) -> bool {
    let name = host.strip_suffix(":443").unwrap_or(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_local = LOCAL.iter().any(|end| name.ends_with(end));
    name.contains('.') && !is_local && !name.contains([':', '[']) && name.parse::<IpAddr>().is_err()
}

/// Ends of names that every network has for itself: RFC 6761, 6762, 8375, ICANN's `.internal`, and what routers use.
const LOCAL: [&str; 8] =
    [".local", ".localhost", ".home.arpa", ".internal", ".test", ".lan", ".home", ".localdomain"];

/// Adds the headers to every answer. `https_only` is whether browsers are to come by HTTPS alone from now on.
pub(crate) async fn harden(State(https_only): State<bool>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(Authority::as_str));
    let host = named.and_then(valid_host);
    let mut response = match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => busy("The server is busy: try again."),
    };
    let headers = response.headers_mut();
    if https_only && host.as_deref().is_some_and(may_be_https_only) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    for (name, value) in page_headers(host.as_deref()) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// The headers that every answer has to a browser which knows the server by the name `host` (and port): what pages may do.
#[must_use]
pub fn page_headers(host: Option<&str>) -> Vec<(&'static str, String)> {
    let policy = ("content-security-policy", content_security_policy(host));
    let fixed = FIXED_HEADERS.into_iter().map(|(name, value)| (name, value.to_owned()));
    [policy].into_iter().chain(fixed).collect()
}

/// Scripts, styles, workers and connections of this server alone. `require-trusted-types-for 'script'` is left
/// out: it forbids `new Worker(url)`, for which browsers have no trusted type without a policy in the page.
fn content_security_policy(host: Option<&str>) -> String {
    // 'self' does not take in WebSockets in every browser. Sources cannot name an IPv6 address (CSP3 section 2.3.1).
    let host = host.filter(|host| !host.starts_with('['));
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'{sockets}; \
         worker-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

const FIXED_HEADERS: [(&str, &str); 7] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    (
        "permissions-policy",
        "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), \
         geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stays_out_of_the_policy() {
        let policy = content_security_policy(Some("[::1]:8080"));
        assert!(policy.contains("connect-src 'self';") && !policy.contains('['), "{policy}");
        assert!(content_security_policy(Some("a.example")).contains("connect-src 'self' ws://a.example "));
    }

    #[test]
    fn only_public_names_are_for_https_alone() {
        for name in ["call.example", "call.example:443", "call.example.org.", "local.example", "lan.example"]
        {
            assert!(may_be_https_only(name), "{name}");
        }
        for name in [
            "localhost",
            "localhost:8443",
            "a.localhost",
            "box.local",
            "box.local.:8443",
            "box.lan",
            "box.home.arpa",
            "box.internal.",
            "call.example:8443",
            "call.example:80",
            "box",
            "192.0.2.1",
            "192.0.2.1:8443",
            "[2001:db8::1]:8443",
            "[::ffff:192.0.2.1]",
            "2001:db8::1",
        ] {
            assert!(!may_be_https_only(name), "{name}");
        }
    }

    #[test]
    fn hosts_cannot_smuggle_anything_into_a_header() {
        assert_eq!(valid_host("Call.Example:8443").as_deref(), Some("call.example:8443"));
        assert_eq!(valid_host("[::1]:8080").as_deref(), Some("[::1]:8080"));
        for bad in ["", "a b", "a;script-src *", "a/b", "ä.example", &"a".repeat(300)] {
            assert_eq!(valid_host(bad), None, "{bad}");
        }
    }
}
