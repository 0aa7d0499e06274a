//! The one task that owns the DeliveryService.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use axum::extract::ws::Utf8Bytes;
use tangelo_delivery::{ConnectionId, Delivery, Output, Shown, Stats};
use tangelo_sfu::OfferError;
use tangelo_wire::{
    ClientId, ClientMessage, ErrorCode, Millis, RoomName, ServerMessage, TurnServers, WireError,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time,
};

use crate::{
    bandwidth::{Bandwidth, LOOK},
    media::News,
    metrics::Counters,
    store::Keeper,
    to_media::{ToMedia, Watched},
    turn::Issuer,
};

/// From a connection.
pub(crate) enum ToEngine {
    Connected {
        /// The server's own host as the connection's request names it.
        host: String,
        outbox: Outbox,
        id: oneshot::Sender<ConnectionId>,
    },
    /// With what was found of the token in it.
    Message(ConnectionId, ClientMessage, Shown),
    /// Something that is no message.
    Bad {
        connection: ConnectionId,
        error: WireError,
        /// The connection cannot go on.
        fatal: bool,
    },
    Disconnected(ConnectionId),
    /// How many clients are present in a room?
    Count(RoomName, oneshot::Sender<usize>),
    /// How are you?
    Report(oneshot::Sender<Stats>),
    /// The server stops within so many seconds: take no new rooms, and say when nobody is left.
    Drain {
        seconds: u32,
        empty: oneshot::Sender<()>,
    },
}

/// What waits to be sent to a connection. Whoever reads too slowly is cut, so that nobody waits for it.
pub(crate) struct Outbox {
    texts: mpsc::Sender<Utf8Bytes>,
    bytes: Arc<AtomicUsize>,
    /// Ends the connection without sending what waits.
    cut: oneshot::Sender<()>,
}

/// The connection's end of an [`Outbox`].
pub(crate) struct Outgoing {
    texts: mpsc::Receiver<Utf8Bytes>,
    bytes: Arc<AtomicUsize>,
    cut: oneshot::Receiver<()>,
}

const OUTBOX_TEXTS_MAX: usize = 4_096;
const OUTBOX_BYTES_MAX: usize = 16 << 20;

pub(crate) fn outbox() -> (Outbox, Outgoing) {
    let (sender, texts) = mpsc::channel(OUTBOX_TEXTS_MAX);
    let bytes = Arc::new(AtomicUsize::new(0));
    let (cut, cut_here) = oneshot::channel();
    (Outbox { texts: sender, bytes: Arc::clone(&bytes), cut }, Outgoing { texts, bytes, cut: cut_here })
}

impl Outbox {
    /// Whether there was room.
    fn push(&self, text: Utf8Bytes) -> bool {
        let length = text.len();
        let waiting = self.bytes.fetch_add(length, Ordering::Relaxed);
        waiting.saturating_add(length) <= OUTBOX_BYTES_MAX && self.texts.try_send(text).is_ok()
    }
}

impl Outgoing {
    /// The next text; `None` if the engine has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Utf8Bytes> {
        let text = self.texts.recv().await?;
        self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
        Some(text)
    }

    /// Taken once: completes when the connection is to be cut.
    pub(crate) fn take_cut(&mut self) -> oneshot::Receiver<()> {
        std::mem::replace(&mut self.cut, oneshot::channel().1)
    }
}

/// Offers that may wait for the SFU.
const OFFERS_WAITING_MAX: usize = 256;

/// At most so many messages are handled before anything is sent. Those that came while the store was written are written
/// together.
const BATCH_MAX: usize = 256;

struct Engine {
    delivery: Delivery,
    started: Instant,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    media: ToMedia,
    /// The rooms of clients that made an offer.
    sessions: BTreeMap<ClientId, RoomName>,
    offers_waiting: usize,
    turn: Option<Issuer>,
    /// Connections that end once they were sent what is to be sent.
    ending: Vec<ConnectionId>,
    counters: Arc<Counters>,
    bandwidth: Option<Bandwidth>,
    /// Whoever waits until nobody is left.
    empty: Option<oneshot::Sender<()>>,
}

/// What the engine begins with.
pub(crate) struct Setup {
    pub(crate) delivery: Delivery,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) media: ToMedia,
    pub(crate) turn: Option<Issuer>,
    /// Most media that is to go out, in bit/s.
    pub(crate) bandwidth_bps: Option<u64>,
    pub(crate) counters: Arc<Counters>,
}

/// Runs until `stopped`, then closes every connection.
pub(crate) async fn run(
    setup: Setup,
    mut messages: mpsc::Receiver<ToEngine>,
    mut news: mpsc::UnboundedReceiver<News>,
    mut stopped: watch::Receiver<bool>,
) {
    let Setup { delivery, mut keeper, media, turn, bandwidth_bps, counters } = setup;
    let mut engine = Engine {
        delivery,
        started: Instant::now(),
        outboxes: BTreeMap::new(),
        media,
        sessions: BTreeMap::new(),
        offers_waiting: 0,
        turn,
        ending: Vec::new(),
        counters,
        bandwidth: bandwidth_bps.map(|most| Bandwidth::new(most, Instant::now())),
        empty: None,
    };
    let mut look = time::interval(LOOK);
    look.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        let deadline = engine.delivery.poll_timeout();
        let timeout = async {
            match deadline {
                Some(at) => {
                    time::sleep_until((engine.started + Duration::from_millis(at.0)).into()).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(news) = news.recv() => engine.hear(news),
            Some(message) = messages.recv() => {
                engine.take(message);
                for _ in 1..BATCH_MAX {
                    let Ok(message) = messages.try_recv() else { break };
                    engine.take(message);
                }
            }
            () = timeout => {}
            _ = look.tick(), if engine.bandwidth.is_some() => engine.look_at_bandwidth(),
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let now = engine.now();
        engine.delivery.handle_timeout(now);
        if let Some(keeper) = &mut keeper {
            keeper.save(&mut engine.delivery).await;
        }
        engine.carry_out();
    }
}

impl Engine {
    fn now(&self) -> Millis {
        Millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn take(&mut self, message: ToEngine) {
        let now = self.now();
        match message {
            ToEngine::Connected { host, outbox, id } => {
                let connection = self.delivery.connect(now, &host);
                self.outboxes.insert(connection, outbox);
                // If the connection is gone already, its end is noticed by the silence.
                let _ = id.send(connection);
            }
            ToEngine::Message(connection, message, shown) => {
                self.delivery.handle_shown(now, connection, message, shown);
            }
            ToEngine::Bad { connection, error, fatal } => {
                self.delivery.handle_bad(now, connection, error);
                if fatal {
                    self.ending.push(connection);
                }
            }
            ToEngine::Disconnected(connection) => {
                self.delivery.disconnected(now, connection);
                self.outboxes.remove(&connection);
            }
            ToEngine::Report(reply) => {
                let _ = reply.send(self.delivery.stats());
            }
            ToEngine::Drain { seconds, empty } => {
                self.delivery.stop_soon(now, seconds);
                self.empty = Some(empty);
            }
            ToEngine::Count(room, reply) => {
                // Whoever asked may be gone.
                let _ = reply.send(self.delivery.present_in(&room));
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Answered { room, client, offer, result } => {
                self.offers_waiting = self.offers_waiting.saturating_sub(1);
                let (result, published) = match result {
                    Ok(answer) => (Ok(answer.sdp), Some(answer.published)),
                    Err(error) => {
                        let code = match error {
                            OfferError::Bad(_) => ErrorCode::BadOffer,
                            OfferError::Busy => ErrorCode::TooMany,
                        };
                        (Err(WireError::new(code, error.to_string())), None)
                    }
                };
                self.delivery.answer(&room, client, offer, result);
                if let Some(published) = published {
                    self.delivery.published(&room, client, published);
                }
            }
            News::Wanted { client, source, layers } => {
                if let Some(room) = self.sessions.get(&client) {
                    self.delivery.wanted(room, client, source, layers);
                }
            }
            News::Paused { client, pictures } => {
                if let Some(room) = self.sessions.get(&client) {
                    self.delivery.paused(room, client, pictures);
                }
            }
            News::Gone { client } => {
                if let Some(room) = self.sessions.get(&client) {
                    self.delivery.published(room, client, Vec::new());
                }
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.delivery.poll_output() {
            match output {
                Output::Send { to, message } => {
                    // Written once, shared by all.
                    let text = Utf8Bytes::from(message.to_json());
                    for connection in to {
                        self.send(connection, text.clone());
                    }
                }
                Output::Close { connection } => {
                    self.outboxes.remove(&connection);
                }
                Output::Offer { room, client, offer, sdp, lines } => {
                    if self.offers_waiting >= OFFERS_WAITING_MAX {
                        let busy = WireError::new(ErrorCode::TooMany, "the server is busy: try again");
                        self.delivery.answer(&room, client, offer, Err(busy));
                        continue;
                    }
                    self.offers_waiting += 1;
                    self.sessions.insert(client, room.clone());
                    self.media.offer(room, client, offer, sdp, lines);
                }
                Output::Watch { room, client, views, hear } => {
                    self.media.watch(&room, client, Watched { views, hear });
                }
                Output::TurnServers { to } => {
                    let servers = match &self.turn {
                        None => Some(TurnServers::default()),
                        Some(issuer) => issuer.issue(SystemTime::now()),
                    };
                    // Without an answer a client keeps what it has.
                    let Some(servers) = servers else { continue };
                    if self.turn.is_some() {
                        self.counters.turn_credentials.add(1);
                    }
                    self.send(to, Utf8Bytes::from(ServerMessage::TurnServers(servers).to_json()));
                }
                Output::MediaEnds { client, .. } => {
                    if let Some(room) = self.sessions.remove(&client) {
                        self.media.remove(&room, client);
                    }
                }
            }
        }
        let now = self.now();
        for connection in std::mem::take(&mut self.ending) {
            self.delivery.disconnected(now, connection);
            self.outboxes.remove(&connection);
        }
        if self.delivery.population().1 == 0
            && let Some(empty) = self.empty.take()
        {
            let _ = empty.send(());
        }
    }

    /// Looks how much media goes out, and whether that leaves room for newcomers.
    fn look_at_bandwidth(&mut self) {
        let bytes = self.media.bytes_out();
        if let Some(bandwidth) = &mut self.bandwidth {
            let is_full = bandwidth.is_full(Instant::now(), bytes);
            let why = "the server's network is busy: try again in a few minutes";
            self.delivery.refuse_newcomers(is_full.then_some(why));
        }
    }

    fn send(&mut self, to: ConnectionId, text: Utf8Bytes) {
        if self.outboxes.get(&to).is_some_and(|outbox| !outbox.push(text)) {
            self.cut(to);
        }
    }

    fn cut(&mut self, connection: ConnectionId) {
        tracing::debug!("a connection reads too slowly and is cut");
        self.counters.cut.add(1);
        if let Some(outbox) = self.outboxes.remove(&connection) {
            let _ = outbox.cut.send(());
        }
        let now = self.now();
        self.delivery.disconnected(now, connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outbox_is_bounded_in_texts_and_bytes() {
        let (outbox, _outgoing) = super::outbox();
        let pushed = (0..=OUTBOX_TEXTS_MAX).filter(|_| outbox.push(Utf8Bytes::from_static("a"))).count();
        assert_eq!(pushed, OUTBOX_TEXTS_MAX);
        let (outbox, _outgoing) = super::outbox();
        let large = Utf8Bytes::from("a".repeat(OUTBOX_BYTES_MAX / 2));
        assert!(outbox.push(large.clone()) && outbox.push(large.clone()));
        assert!(!outbox.push(large));
    }
}
