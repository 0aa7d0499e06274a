//! Bounds and spans of time.

use tangelo_wire::limits;

use crate::bucket::Rate;

/// What a server allows. [`Limits::default`] is what `docs/protocol.md` states.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most rooms with somebody present.
    pub rooms_max: usize,
    /// Most clients present in all rooms together.
    pub clients_max: usize,
    /// Most clients present in one room.
    pub room_clients_max: usize,
    /// Most entries of a room kept for those who resume.
    pub log_entries_max: usize,
    /// Most bytes of a room's entries kept for those who resume.
    pub log_bytes_max: usize,
    /// A connection that has arrived and sends nothing for this long is dropped, in milliseconds.
    pub silent_ms: u64,
    /// A connection that has not arrived is closed after this long, in milliseconds.
    pub handshake_ms: u64,
    /// A dropped client counts no more for founding after this long, in milliseconds.
    pub absent_ms: u64,
    /// Messages of a connection, of any kind.
    pub messages: Rate,
    /// `Commit` posts of a client that are accepted.
    pub commits: Rate,
    /// `Message` posts of a client.
    pub application_messages: Rate,
    /// Fork checks of a client.
    pub checks: Rate,
    /// Media offers of a client.
    pub offers: Rate,
    /// Changes of what a client shows.
    pub watches: Rate,
    /// How often a client may ask for TURN servers.
    pub turn_servers: Rate,
    /// Clients that arrive in one room, all together.
    pub room_arrivals: Rate,
    /// `Message` posts in one room, all together: each goes to everyone in it. What a host says has no part in it, so that nobody can
    /// silence the host.
    pub room_messages: Rate,
    /// So many messages above their rate more than below it end the connection.
    pub excess_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms_max: 1_000,
            clients_max: 2_000,
            room_clients_max: limits::ROOM_CLIENTS_MAX,
            log_entries_max: 4_096,
            log_bytes_max: 8 << 20,
            silent_ms: 3 * limits::HEARTBEAT_MS,
            handshake_ms: 30_000,
            absent_ms: 3_000,
            messages: Rate { per_second: 20, burst: 100 },
            commits: Rate { per_second: 1, burst: 2 },
            application_messages: Rate { per_second: 10, burst: 30 },
            checks: Rate { per_second: 1, burst: 5 },
            offers: Rate { per_second: 5, burst: 20 },
            watches: Rate { per_second: 10, burst: 40 },
            turn_servers: Rate { per_second: 1, burst: 5 },
            // Everyone of a full room comes back at once after an outage, and once more if that failed.
            room_arrivals: Rate { per_second: 20, burst: 400 },
            // Everyone of a full room may tell the others once a second how loud it is.
            room_messages: Rate { per_second: 300, burst: 1_500 },
            excess_max: 100,
        }
    }
}
