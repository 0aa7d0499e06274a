//! What connections may take.

use std::time::Duration;

/// Bounds on connections. Addresses of this machine and of private networks, where a proxy may stand that brings
/// everybody, may take three quarters of everything instead of the bound for one address.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Most TCP connections at the same time; more wait in the system's queue.
    pub connections: usize,
    /// Most TCP connections of one IP address (IPv6: of one /64 network). A whole room may sit behind one router.
    pub connections_per_address: usize,
    /// Most WebSockets at the same time. More than clients: dropped ones overlap with those that resume.
    pub sockets: usize,
    /// Most WebSockets of one IP address (IPv6: of one /64 network).
    pub sockets_per_address: usize,
    /// Most TCP connections for media at the same time; more are closed at once.
    pub media_connections: usize,
    /// Most TCP connections for media of one IP address (IPv6: of one /64 network). A client has several while ICE checks them.
    pub media_connections_per_address: usize,
    /// Time until a TCP connection for media has passed an ICE check.
    pub media_check: Duration,
    /// Time for a TLS handshake, and for the head of a request from the moment that it can be sent.
    pub head: Duration,
    /// A connection on which no byte moves for so long ends, and one for media through which no ICE check passes.
    pub idle: Duration,
    /// How often it is looked whether the certificate for HTTPS has changed.
    pub certificate_look: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 512,
            sockets: 4_096,
            sockets_per_address: 256,
            media_connections: 4_096,
            media_connections_per_address: 256,
            media_check: Duration::from_secs(10),
            head: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            certificate_look: Duration::from_secs(60),
        }
    }
}
