//! What connections may take.

use std::time::Duration;

use tangelo_delivery::{Limits, Rate};

/// Bounds on connections. Addresses of this machine and of private networks, where a proxy may stand that brings
/// everybody, may take three quarters of everything instead of the bound for one address.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Most TCP connections at the same time; more wait in the system's queue.
    pub connections: usize,
    /// Most TCP connections of one IP address (IPv6: of one /64 network, and four times as many of one /48; so for all bounds of an address). A whole room may sit behind one router.
    pub connections_per_address: usize,
    /// Most WebSockets at the same time. More than clients: dropped ones overlap with those that resume.
    pub sockets: usize,
    /// Most WebSockets of one IP address (IPv6: of one /64 network).
    pub sockets_per_address: usize,
    /// TCP connections that one IP address opens; more are closed at once. Eight times as many from this machine and private networks; the same
    /// holds for the next three.
    pub connects_per_address: Rate,
    /// HTTP requests from one IP address.
    pub requests_per_address: Rate,
    /// WebSockets that one IP address opens.
    pub openings_per_address: Rate,
    /// Arrivals in rooms from one IP address.
    pub arrivals_per_address: Rate,
    /// Bytes that one WebSocket brings. It is not read faster, so a client that sends more has to wait.
    pub socket_bytes: Rate,
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
    /// The first pause after a certification authority has given no certificate, and the least time between two.
    pub acme_pause: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            connections_per_address: 512,
            sockets: 4_096,
            sockets_per_address: 256,
            connects_per_address: Rate { per_second: 50, burst: 1_024 },
            // Everyone of a full room may load the page at the same time.
            requests_per_address: Rate { per_second: 200, burst: 4_000 },
            openings_per_address: Rate { per_second: 20, burst: 512 },
            // Everyone of a full room may sit behind one router.
            arrivals_per_address: Rate { per_second: 20, burst: 400 },
            // The largest messages are commits that let many in, and offers: hundreds of kilobytes, and few.
            socket_bytes: Rate { per_second: 512 << 10, burst: 8 << 20 },
            media_connections: 4_096,
            media_connections_per_address: 256,
            media_check: Duration::from_secs(10),
            head: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            certificate_look: Duration::from_secs(60),
            acme_pause: Duration::from_secs(300),
        }
    }
}

impl ConnectionLimits {
    /// As many as a server with this capacity needs, at least the default ones.
    #[must_use]
    pub fn of(capacity: &Capacity) -> Self {
        let default = Self::default();
        let sockets = default.sockets.max(capacity.clients.saturating_mul(2));
        Self {
            connections: default.connections.max(sockets.saturating_mul(2)),
            sockets,
            media_connections: default.media_connections.max(sockets),
            ..default
        }
    }
}

/// How much a server takes. Newcomers beyond it are refused, and those inside do not notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Most rooms with somebody in them.
    pub rooms: usize,
    /// Most clients in all rooms together.
    pub clients: usize,
    /// Most clients in one room; at most [`tangelo_wire::limits::ROOM_CLIENTS_MAX`].
    pub room_clients: usize,
    /// Most media that goes out, in bit/s. Who is inside may still need more.
    pub bandwidth_bps: Option<u64>,
}

impl Default for Capacity {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            rooms: limits.rooms_max,
            clients: limits.clients_max,
            room_clients: limits.room_clients_max,
            bandwidth_bps: None,
        }
    }
}

impl Capacity {
    /// The DeliveryService's limits with this capacity.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            rooms_max: self.rooms,
            clients_max: self.clients,
            room_clients_max: self.room_clients,
            ..Limits::default()
        }
    }
}
