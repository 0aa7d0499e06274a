//! Tangelo's server: web app, WebSocket and UDP around the DeliveryService and the SFU.
