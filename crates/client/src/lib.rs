//! A headless participant of a Tangelo call: tokio and str0m around tangelo-call.
