//! wasm-bindgen skin over `tangelo-call`: no logic, only types that cross the border.
//!
//! Frames go through two buffers in WebAssembly memory: write at `scratch(length)`, call `seal` or `open`, read the
//! returned number of bytes at `output()`. A view of memory is good until the next call: memory may move as it grows.

// Bad input must never panic: what may be missing is asked for with `get`. The workspace's lints deny the rest.
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::string_slice, clippy::unreachable, clippy::get_unwrap)
)]

use tangelo_call::{Command, Config, FrameVerdict, IdentityKey, Session, link::Link};
use tangelo_wire::{ClientId, Millis, Source};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

/// `seal`: there is no key, or the frame is odd; `open`: the frame is held under its ticket.
const NOT_NOW: i32 = -1;
/// `open`: drop the frame.
const DROP: i32 = -2;
/// `open`: drop the frame and ask its sender for a key frame.
const DROP_AND_ASK: i32 = -3;

/// Makes a new secret room. JSON: `path` is its link without the host, `host_secret` what makes a co-host link of it.
#[wasm_bindgen]
pub fn new_room() -> Result<String, JsError> {
    let link = Link::new_room()?;
    let room = serde_json::json!({ "path": link.path(), "host_secret": link.host_secret() });
    Ok(room.to_string())
}

/// An identity for browsers whose WebCrypto has no Ed25519.
#[wasm_bindgen]
pub struct SoftIdentity(tangelo_call::SoftIdentity);

#[wasm_bindgen]
impl SoftIdentity {
    /// The identity of a seed of 32 random bytes. The copy in WebAssembly memory is wiped; the caller wipes its own.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: Vec<u8>) -> Result<SoftIdentity, JsError> {
        let mut seed = Zeroizing::new(seed);
        let seed = seed.as_mut_slice().try_into().map_err(|_| JsError::new("a seed has 32 bytes"))?;
        Ok(Self(tangelo_call::SoftIdentity::new(seed)))
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.key().0.to_vec()
    }

    /// Signs what a `sign_identity` output asked for; 64 bytes.
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.0.sign(payload).to_vec()
    }
}

/// One session in a call. Times are milliseconds of `performance.now()`.
#[wasm_bindgen]
pub struct Core {
    session: Session,
    scratch: Vec<u8>,
    output: Vec<u8>,
    senders: Vec<(Source, u8)>,
}

#[wasm_bindgen]
impl Core {
    /// Begins a session: path and fragment of the link, `location.host`, the person's name, the identity's public
    /// key (32 bytes). Throws an error with words for people.
    #[wasm_bindgen(constructor)]
    pub fn new(link: &str, host: &str, name: &str, identity_public_key: &[u8]) -> Result<Core, JsError> {
        let identity = identity_public_key
            .try_into()
            .map(IdentityKey)
            .map_err(|_| JsError::new("the identity key has a wrong length"))?;
        let mut session = Session::new(Config { host, link, name, identity })?;
        session.ask_for_turn_servers();
        Ok(Self { session, scratch: Vec::new(), output: Vec::new(), senders: Vec::new() })
    }

    /// The WebSocket is open.
    pub fn connected(&mut self, now_ms: f64) {
        self.session.connected(millis(now_ms));
    }

    /// The WebSocket closed, or could not be opened.
    pub fn disconnected(&mut self, now_ms: f64) {
        self.session.disconnected(millis(now_ms));
    }

    /// A text came on the WebSocket.
    pub fn receive(&mut self, now_ms: f64, text: &str) {
        self.session.receive(millis(now_ms), text);
    }

    /// The identity signed what a `sign_identity` output asked for.
    pub fn identity_signed(&mut self, now_ms: f64, signature: &[u8]) {
        self.session.identity_signed(millis(now_ms), signature);
    }

    /// A `Command` of the page, as JSON.
    pub fn command(&mut self, now_ms: f64, json: &str) -> Result<(), JsError> {
        let command: Command = serde_json::from_str(json)?;
        self.session.command(millis(now_ms), command);
        Ok(())
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now_ms: f64) {
        self.session.handle_timeout(millis(now_ms));
    }

    /// When `handle_timeout` wants to be called next.
    pub fn next_timeout(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay far below 2^53")]
        self.session.poll_timeout().map(|at| at.0 as f64)
    }

    /// The next output, as JSON; call until there is none.
    pub fn poll(&mut self) -> Result<Option<String>, JsError> {
        Ok(self.session.poll_output().map(|output| serde_json::to_string(&output)).transpose()?)
    }

    /// A handle for sealing frames of an own source (`microphone`, `camera`, `screen`, `screen_audio`), of one simulcast
    /// layer: 0 if left out.
    pub fn sender(&mut self, source: &str, layer: Option<u8>) -> Result<u32, JsError> {
        let sender = (parse_source(source)?, layer.unwrap_or_default());
        let index = self.senders.iter().position(|other| *other == sender).unwrap_or_else(|| {
            self.senders.push(sender);
            self.senders.len() - 1
        });
        Ok(u32::try_from(index)?)
    }

    /// A handle for opening frames of another client's source.
    pub fn receiver(&mut self, client: &str, source: &str) -> Result<u32, JsError> {
        let client: ClientId = client.parse()?;
        Ok(self.session.add_receiver(client, parse_source(source)?))
    }

    /// Closes a receiver.
    pub fn close_receiver(&mut self, receiver: u32) {
        self.session.remove_receiver(receiver);
    }

    /// Where to write a frame of `length` bytes before `seal` or `open`.
    pub fn scratch(&mut self, length: usize) -> *const u8 {
        self.scratch.resize(length, 0);
        self.scratch.as_ptr()
    }

    /// Where `seal` or `open` left its result.
    pub fn output(&self) -> *const u8 {
        self.output.as_ptr()
    }

    /// Seals the frame in scratch. Returns the sealed frame's length, or -1: drop the frame.
    pub fn seal(&mut self, now_ms: f64, sender: u32, codec: &str, length: usize) -> i32 {
        let sender = usize::try_from(sender).ok().and_then(|index| self.senders.get(index)).copied();
        let (Some(sender), Some(frame)) = (sender, self.scratch.get(..length)) else { return NOT_NOW };
        match self.session.seal_layer(millis(now_ms), sender, codec, frame, &mut self.output) {
            FrameVerdict::Pass => self.output_length(),
            FrameVerdict::Hold | FrameVerdict::Drop { .. } => NOT_NOW,
        }
    }

    /// Opens the frame in scratch. Returns the frame's length, or -1: keep it under its ticket, -2: drop it, -3: drop
    /// it and ask for a key frame.
    pub fn open(&mut self, now_ms: f64, receiver: u32, ticket: u32, codec: &str, length: usize) -> i32 {
        let Some(frame) = self.scratch.get(..length) else { return DROP };
        match self.session.open(millis(now_ms), receiver, ticket, codec, frame, &mut self.output) {
            FrameVerdict::Pass => self.output_length(),
            FrameVerdict::Hold => NOT_NOW,
            FrameVerdict::Drop { ask_key_frame: false } => DROP,
            FrameVerdict::Drop { ask_key_frame: true } => DROP_AND_ASK,
        }
    }

    /// The ticket of the next held frame to open again, or -1.
    pub fn released(&mut self, now_ms: f64, receiver: u32) -> f64 {
        self.session.released(millis(now_ms), receiver).map_or(-1.0, f64::from)
    }

    /// Counters, as JSON. They hold no secret.
    pub fn stats(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.session.stats())?)
    }

    /// An `Inspection`, as JSON. It holds names and identities, and no secret.
    pub fn inspect(&self, now_ms: f64) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.session.inspect(millis(now_ms)))?)
    }

    fn output_length(&self) -> i32 {
        i32::try_from(self.output.len()).unwrap_or(DROP)
    }
}

fn parse_source(source: &str) -> Result<Source, JsError> {
    Ok(serde_json::from_value(serde_json::Value::from(source))?)
}

fn millis(now_ms: f64) -> Millis {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped by `as`: NaN gives 0"
    )]
    Millis(now_ms as u64)
}
