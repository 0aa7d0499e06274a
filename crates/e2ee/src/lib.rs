//! End-to-end encryption of a Tangelo call: MLS group, designated committer, SFrame media, safety number.
