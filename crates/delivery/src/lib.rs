//! The DeliveryService: one totally ordered handshake log per room, sans-IO.
