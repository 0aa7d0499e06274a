//! What the browser's worker calls: the measurements that run there too, Orange's way for the transforms, and a
//! DeliveryService for two cores that have no server.

use std::collections::VecDeque;

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;
use tangelo_delivery::{ConnectionId, Delivery, Limits, Output};
use tangelo_wire::{ClientMessage, Millis};
use wasm_bindgen::prelude::*;

use crate::{Effort, Failure, Figure, frames, groups, orange};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn performance_now() -> f64;
}

fn js(failure: Failure) -> JsError {
    JsError::new(&failure.0)
}

fn effort(quick: bool) -> Effort {
    if quick { Effort::Quick } else { Effort::Full }
}

fn written(figures: &[Figure]) -> Result<String, JsError> {
    Ok(serde_json::to_string(figures)?)
}

/// Figures of frames in a hot loop, as JSON.
#[wasm_bindgen]
pub fn hot(quick: bool) -> Result<String, JsError> {
    written(&frames::hot(effort(quick)).map_err(js)?)
}

/// The sizes of groups to measure.
#[wasm_bindgen]
pub fn group_sizes(quick: bool) -> Vec<u32> {
    groups::sizes(effort(quick)).iter().filter_map(|size| u32::try_from(*size).ok()).collect()
}

/// Figures of groups of one size, as JSON.
#[wasm_bindgen]
pub fn group(size: u32, warm: bool) -> Result<String, JsError> {
    let tree = if warm { groups::Tree::Warm } else { groups::Tree::Blank };
    written(&groups::figures(u64::from(size), tree).map_err(js)?)
}

/// Orange's way between two members.
#[wasm_bindgen]
pub struct Orange([orange::Member; 2]);

#[wasm_bindgen]
impl Orange {
    /// A group of two.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Orange, JsError> {
        orange::Member::pair(2).map(Self).map_err(js)
    }

    /// A frame as an MLS message.
    pub fn encrypt(&mut self, frame: &[u8]) -> Result<Vec<u8>, JsError> {
        self.0[0].encrypt(frame).map_err(js)
    }

    /// The frame in an MLS message.
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Vec<u8>, JsError> {
        self.0[1].decrypt(message).map_err(js)
    }
}

/// The public key of a person's identity.
#[wasm_bindgen]
pub fn identity_key(person: u8) -> Vec<u8> {
    SigningKey::from_bytes(&[person; 32]).verifying_key().to_bytes().to_vec()
}

/// A person's identity signs.
#[wasm_bindgen]
pub fn identity_sign(person: u8, payload: &[u8]) -> Vec<u8> {
    SigningKey::from_bytes(&[person; 32]).sign(payload).to_bytes().to_vec()
}

/// The server's DeliveryService. Times are milliseconds of `performance.now()`.
#[wasm_bindgen]
pub struct Relay {
    delivery: Delivery,
    sends: VecDeque<(ConnectionId, String)>,
}

#[wasm_bindgen]
impl Relay {
    /// One without rooms.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::new_without_default, reason = "made by JavaScript")]
    pub fn new() -> Self {
        Self { delivery: Delivery::new(Limits::default(), [7; 32]), sends: VecDeque::new() }
    }

    /// A connection.
    pub fn connect(&mut self, now_ms: f64, host: &str) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a running number")]
        let id = self.delivery.connect(millis(now_ms), host).0 as f64;
        id
    }

    /// A text came on a connection.
    pub fn handle(&mut self, now_ms: f64, connection: f64, text: &str) {
        let (now, connection) = (millis(now_ms), ConnectionId(millis(connection).0));
        match ClientMessage::from_json(text) {
            Ok(message) => self.delivery.handle(now, connection, message),
            Err(error) => self.delivery.handle_bad(now, connection, error),
        }
        while let Some(output) = self.delivery.poll_output() {
            if let Output::Send { to, message } = output {
                let text = message.to_json();
                self.sends.extend(to.into_iter().map(|connection| (connection, text.clone())));
            }
        }
    }

    /// The next text to a client, as JSON with `to` and `text`.
    pub fn poll(&mut self) -> Option<String> {
        let (to, text) = self.sends.pop_front()?;
        Some(json!({ "to": to.0, "text": text }).to_string())
    }
}

fn millis(now_ms: f64) -> Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped by `as`")]
    Millis(now_ms as u64)
}
