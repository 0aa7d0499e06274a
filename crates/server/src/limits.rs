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
    /// Time for a TLS handshake, and for the head of a request from the moment that it can be sent.
    pub head: Duration,
    /// A connection on which no byte moves for so long ends.
    pub idle: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 512,
            sockets: 4_096,
            sockets_per_address: 256,
            head: Duration::from_secs(15),
            idle: Duration::from_secs(60),
        }
    }
}
