//! Effects on own sound and picture, computed on the device. Browsers call `exports`: plain functions over linear memory,
//! because a worklet has none of what wasm-bindgen's JavaScript needs.

mod exports;
mod noise;
mod picture;
mod segment;

pub use noise::{FRAME, Noise};
pub use picture::{Veil, blur_background};
pub use segment::{BadModel, Segmenter};
