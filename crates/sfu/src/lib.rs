//! The SFU: forwards encrypted RTP between the members of a room, sans-IO.
