//! A headless participant of a Tangelo call: tokio and str0m around `tangelo-call`.
//!
//! It is a full member: it has an identity, is in the MLS group, seals what it sends and opens what it receives.
//! The protocol is that of the browser, because the session is the same code.
// This crate does the input and output that the sans-IO crates leave to it, and owns the clock.
#![allow(clippy::disallowed_methods)]

mod address;
mod connect;
mod fetch;
mod file;
mod look;
mod media;
mod peer;
mod runner;
mod tls;
mod traffic;

use std::{net::SocketAddr, path::PathBuf};

use ed25519_dalek::SigningKey;
use tangelo_call::{Event, HostOrder, MemberState, Stats};
use tangelo_wire::{ClientId, Source, View};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

pub use address::{Address, AddressError};
pub use connect::ConnectError;
pub use fetch::{FetchError, Fetched, Fetcher};
pub use file::{AudioFile, Due, FileError, IvfHeader, IvfReader, OggReader, Recorder, Taken, VideoFile};
pub use look::{Certificates, addresses, certificates, web_socket};
pub use tls::CaError;
pub use traffic::{Traffic, TrafficCounts};

/// Whom to be, and where.
#[derive(Clone)]
pub struct JoinOptions {
    /// The room's link, `http://host/r/ROOM#SECRET`.
    pub url: String,
    /// The name to show.
    pub name: String,
    /// The identity's secret key, 32 bytes.
    pub identity: [u8; 32],
    /// A PEM file with certificates to trust beside those that this machine trusts.
    pub ca: Option<PathBuf>,
    /// Where to connect to instead of what the link's host stands for, as with a tunnel; the server is asked for under its own name.
    pub via: Option<SocketAddr>,
}

impl std::fmt::Debug for JoinOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a call cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The URL.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The link or the name.
    #[error(transparent)]
    Start(#[from] tangelo_call::StartError),
    /// The file with certificates.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The server's name has no address.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No UDP socket can be had.
    #[error("the network cannot be used: {0}")]
    Network(#[from] std::io::Error),
}

/// What happens in the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The session says something; see [`Event`]. Answers to offers are kept inside.
    Call(Event),
    /// Where the server takes media, as its answer says.
    MediaOffered {
        /// Over UDP.
        udp: Vec<SocketAddr>,
        /// Over TCP (ICE-TCP, RFC 6544), which this client does not use.
        tcp: Vec<SocketAddr>,
    },
    /// Media can flow.
    MediaUp,
    /// A frame of another member was opened.
    Frame(Frame),
    /// The server could not be reached. It is tried again, unless the owner has had enough.
    Unreachable(ConnectError),
    /// Somebody wants a key frame of an own source.
    KeyFrameWanted(Source),
}

/// A frame of another member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose.
    pub client: ClientId,
    /// Of what.
    pub source: Source,
    /// The codec's name as in SDP, in small letters.
    pub codec: &'static str,
    /// RTP timestamp in the source's clock rate.
    pub timestamp: u64,
    /// Whether it follows the one before, with nothing lost in between.
    pub contiguous: bool,
    /// As its encoder made it; sound is padded.
    pub contents: Vec<u8>,
}

pub(crate) enum Ask {
    Publish(Source),
    Show(MemberState),
    Watch(Vec<View>),
    Chat(String),
    Host(HostOrder),
    KeyFrame(ClientId, Source),
    Send { source: Source, timestamp: u64, frame: Vec<u8> },
    Stats(oneshot::Sender<Stats>),
    Leave,
}

/// A client in a call. Dropping it leaves without a word; [`Participant::leave`] says goodbye.
#[derive(Debug)]
pub struct Participant {
    asks: mpsc::Sender<Ask>,
    happenings: mpsc::Receiver<Happening>,
    traffic: Traffic,
    task: JoinHandle<()>,
}

impl Participant {
    /// Joins a call: connects in the background and reports by [`Participant::next`].
    ///
    /// # Errors
    /// See [`JoinError`]. What goes wrong later is an [`Event::Ended`].
    pub async fn join(options: JoinOptions) -> Result<Self, JoinError> {
        let mut address: Address = options.url.parse()?;
        address.via = options.via;
        let identity = SigningKey::from_bytes(&options.identity);
        let (asks, asked) = mpsc::channel(64);
        let (tell, happenings) = mpsc::channel(1_024);
        let tls = address.tls.then(|| tls::config(options.ca.as_deref())).transpose()?;
        let runner = runner::Runner::new(address, &options.name, identity, tls, asked, tell).await?;
        let traffic = runner.traffic();
        let task = tokio::spawn(runner.run());
        Ok(Self { asks, happenings, traffic, task })
    }

    /// The next thing that happens; `None` when the call is over for this client. Must be called steadily: what is
    /// not taken in time is dropped, frames first.
    pub async fn next(&mut self) -> Option<Happening> {
        self.happenings.recv().await
    }

    /// Sends a source from now on.
    pub async fn publish(&self, source: Source) {
        let _ = self.asks.send(Ask::Publish(source)).await;
    }

    /// Sends a frame of a published source. `timestamp` is in the source's clock rate: 90 kHz for pictures, 48 kHz
    /// for sound. Frames are dropped while there is no key or no connection. Who sends microphone frames counts as speaking
    /// where others choose whom to hear, so send none in silence.
    pub async fn send(&self, source: Source, timestamp: u64, frame: Vec<u8>) {
        let _ = self.asks.send(Ask::Send { source, timestamp, frame }).await;
    }

    /// Shows everyone where this participant stands.
    pub async fn show(&self, state: MemberState) {
        let _ = self.asks.send(Ask::Show(state)).await;
    }

    /// Tells the server which pictures are of use, all of them and how large; others are not sent any more. Before the first time
    /// every picture comes, as if it were shown large. It is told again after the connection was lost.
    pub async fn watch(&self, views: Vec<View>) {
        let _ = self.asks.send(Ask::Watch(views)).await;
    }

    /// Says something to everyone; see [`Event::Chat`].
    pub async fn chat(&self, text: String) {
        let _ = self.asks.send(Ask::Chat(text)).await;
    }

    /// Wants something as the room's host; see [`HostOrder`]. Who has no host's link is told so in an [`Event::Notice`].
    pub async fn order(&self, order: HostOrder) {
        let _ = self.asks.send(Ask::Host(order)).await;
    }

    /// Asks another member for a key frame.
    pub async fn ask_key_frame(&self, client: ClientId, source: Source) {
        let _ = self.asks.send(Ask::KeyFrame(client, source)).await;
    }

    /// Counters; `None` if the call is over.
    pub async fn stats(&self) -> Option<Stats> {
        let (reply, stats) = oneshot::channel();
        self.asks.send(Ask::Stats(reply)).await.ok()?;
        stats.await.ok()
    }

    /// Counters of packets and frames, which go on counting.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Leaves the call.
    pub async fn leave(mut self) {
        let _ = self.asks.send(Ask::Leave).await;
        while self.happenings.recv().await.is_some() {}
        let _ = (&mut self.task).await;
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.task.abort();
    }
}
