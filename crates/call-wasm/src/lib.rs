//! wasm-bindgen skin over tangelo-call.
