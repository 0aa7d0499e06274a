//! Bounds that both sides keep. Everything that a stranger can make grow has one.

/// Longest WebSocket message from a client, in bytes. The worst CommitBundle must fit: at 200 members a commit
/// with a full path and a Welcome with the ratchet tree and 200 recipients is below 300 kB, in base64 400 kB.
pub const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// Longest WebSocket message from the server, in bytes. The snapshot of a full room and the worst entry must fit.
pub const SERVER_MESSAGE_MAX_BYTES: usize = 4 << 20;

/// Longest KeyPackage, in bytes.
pub const KEY_PACKAGE_MAX_BYTES: usize = 2 << 10;

/// Longest MLS application message, in bytes.
pub const APPLICATION_MESSAGE_MAX_BYTES: usize = 16 << 10;

/// Longest SDP offer, in bytes.
pub const SDP_MAX_BYTES: usize = 512 << 10;

/// Most `m=` sections in an offer.
pub const MEDIA_LINES_MAX: usize = 256;

/// Most pictures that a client says it shows.
pub const VIEWS_MAX: usize = 2 * ROOM_CLIENTS_MAX;

/// Most microphones that one client hears at the same time.
pub const HEARD_MAX: usize = 25;

/// Longest statement of a host, in bytes: it names everyone admitted and everyone shut out.
pub const HOST_STATEMENT_MAX_BYTES: usize = 16 << 10;

/// How far above the last one the number of a host's statement may be, or above 0 for the first one of a log: in milliseconds 139
/// years, so every clock's time fits, and no statement leaves those after it without a number.
pub const HOST_NUMBER_STEP_MAX: u64 = 1 << 42;

/// Most TURN servers' addresses that a client is told. Browsers are slow to find a way with more.
pub const TURN_URLS_MAX: usize = 8;

/// Longest address of a TURN server, in bytes.
pub const TURN_URL_MAX_BYTES: usize = 300;

/// Longest token that a client shows, in bytes.
pub const TOKEN_MAX_BYTES: usize = 2 << 10;

/// Longest host name with port, in bytes (RFC 1035 section 2.3.4 and `:65535`).
pub const HOST_MAX_BYTES: usize = 261;

/// Most clients present in a room. Leaf indices end at 1024 (10 bits in the SFrame key id).
pub const ROOM_CLIENTS_MAX: usize = 200;

/// How often a client sends a heartbeat, in milliseconds.
pub const HEARTBEAT_MS: u64 = 2_000;

/// How long a dropped connection may take to resume, and how far behind the log's head a client may fall, in
/// milliseconds.
pub const RESUME_WINDOW_MS: u64 = 10_000;

/// How long a connection is lost before the others are told, in milliseconds: most are back sooner.
pub const LOST_TOLD_MS: u64 = 1_000;

/// How long a present client waits to be added before it may have a group founded anew, in milliseconds.
pub const FOUND_ANEW_MS: u64 = 10_000;

/// Least time between two `Committed` entries of a room, in milliseconds.
pub const COMMIT_SPACING_MS: u64 = 200;
