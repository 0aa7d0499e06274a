//! The examples of docs/protocol.md are what this crate reads and writes, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tangelo_wire::{ClientMessage, LogEntry, ServerMessage};

#[test]
fn every_example_of_the_protocol_page_reads_and_writes_back() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
    let page = std::fs::read_to_string(path).unwrap();
    // The page has three blocks of JSON: client messages, server messages, entries of the log.
    let (mut block, mut inside, mut examples) = (0, false, 0);
    for line in page.lines() {
        if line == "```json" {
            (block, inside) = (block + 1, true);
        } else if line.starts_with("```") {
            inside = false;
        } else if inside {
            examples += 1;
            if block == 4 {
                // What is sealed inside a message: crates/call/src/content.rs reads it.
                continue;
            }
            let back = match block {
                1 => ClientMessage::from_json(line).unwrap().to_json(),
                2 => ServerMessage::from_json(line).unwrap().to_json(),
                3 => serde_json::to_string(&serde_json::from_str::<LogEntry>(line).unwrap()).unwrap(),
                _ => panic!("another block of JSON: say here what it holds"),
            };
            assert_eq!(back, line);
        }
    }
    assert!(examples > 20, "{examples} examples");
}
