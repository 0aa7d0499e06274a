//! A client's session in a Tangelo call, sans-IO: the same code in the browser and natively.

mod api;

pub use api::{Command, Event, Person, Phase, RemoteTrack};
