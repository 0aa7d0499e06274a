//! Datagrams in runs: what goes to one address in one go is handed to the kernel at once (GSO), which costs it little
//! more than a single datagram.

use std::{collections::BTreeMap, net::SocketAddr};

/// Most bytes of a run: an IP packet's length has 16 bits, headers included.
const RUN_MAX_BYTES: usize = 65_000;
/// Longest datagram that goes into a run, in bytes: with its headers it fits the least MTU of IPv6, which every way has. Kernels
/// refuse a run whose datagrams do not fit the way, and then any run.
const DATAGRAM_MAX_BYTES: usize = 1_232;
/// Buffers kept for later runs.
const SPARE_MAX: usize = 64;

/// What is to be sent in one call: datagrams of `segment_bytes` each, the last one may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// Of the server.
    pub source: SocketAddr,
    /// Of the client.
    pub destination: SocketAddr,
    /// Of each datagram but the last.
    pub segment_bytes: usize,
    /// One datagram behind the other.
    pub contents: &'a [u8],
}

/// Collects datagrams until they are sent. Those for one address keep their order.
#[derive(Debug, Default)]
pub struct Batch {
    runs: BTreeMap<(SocketAddr, SocketAddr), Open>,
    spare: Vec<Vec<u8>>,
    sent: Sent,
}

/// What was handed to the kernel since the start: the fewer runs for as many datagrams, the less each costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams.
    pub datagrams: u64,
    /// Calls.
    pub runs: u64,
}

#[derive(Debug, Default)]
struct Open {
    segment_bytes: usize,
    segments: usize,
    /// Whether its last datagram is shorter than the others: no more can follow.
    closed: bool,
    contents: Vec<u8>,
}

impl Batch {
    /// Adds a datagram. A run that it does not fit into is sent before. A run has at most `segments_max` datagrams.
    pub fn add(
        &mut self,
        (source, destination): (SocketAddr, SocketAddr),
        datagram: &[u8],
        segments_max: usize,
        send: impl FnOnce(Run<'_>),
    ) {
        let spare = &mut self.spare;
        let open = self
            .runs
            .entry((source, destination))
            .or_insert_with(|| Open { contents: spare.pop().unwrap_or_default(), ..Open::default() });
        let fits = !open.closed
            && open.segments < segments_max
            && datagram.len() <= open.segment_bytes
            && open.contents.len() + datagram.len() <= RUN_MAX_BYTES;
        if !fits {
            if !open.contents.is_empty() {
                self.sent.count(open);
                send(open.run(source, destination));
                open.contents.clear();
            }
            (open.segment_bytes, open.segments, open.closed) = (datagram.len(), 0, false);
        }
        open.contents.extend_from_slice(datagram);
        open.segments += 1;
        open.closed = datagram.len() < open.segment_bytes || datagram.len() > DATAGRAM_MAX_BYTES;
    }

    /// Sends all that is left.
    pub fn flush(&mut self, mut send: impl FnMut(Run<'_>)) {
        while let Some(((source, destination), mut open)) = self.runs.pop_first() {
            if !open.contents.is_empty() {
                self.sent.count(&open);
                send(open.run(source, destination));
            }
            if self.spare.len() < SPARE_MAX {
                open.contents.clear();
                self.spare.push(open.contents);
            }
        }
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl Sent {
    fn count(&mut self, run: &Open) {
        self.runs += 1;
        self.datagrams += run.segments as u64;
    }
}

impl Open {
    fn run(&self, source: SocketAddr, destination: SocketAddr) -> Run<'_> {
        Run { source, destination, segment_bytes: self.segment_bytes, contents: &self.contents }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    /// Takes runs apart again: to whom, and the lengths of the datagrams.
    fn lengths(run: Run<'_>) -> (u16, Vec<usize>) {
        (run.destination.port(), run.contents.chunks(run.segment_bytes).map(<[u8]>::len).collect())
    }

    fn sent(datagrams: &[(u16, usize)], segments_max: usize) -> Vec<(u16, Vec<usize>)> {
        let mut batch = Batch::default();
        let mut sent = Vec::new();
        for (port, length) in datagrams {
            let way = (address(1), address(*port));
            batch.add(way, &vec![7; *length], segments_max, |run| sent.push(lengths(run)));
        }
        batch.flush(|run| sent.push(lengths(run)));
        batch.flush(|_| panic!("sent twice"));
        let all = sent.iter().map(|(_, lengths)| lengths.len() as u64).sum();
        assert_eq!(batch.sent(), Sent { datagrams: all, runs: sent.len() as u64 });
        sent
    }

    #[test]
    fn datagrams_of_one_size_go_together() {
        assert_eq!(
            sent(&[(5, 100), (6, 100), (5, 100), (6, 90)], 64),
            [(5, vec![100, 100]), (6, vec![100, 90])]
        );
    }

    #[test]
    fn a_shorter_one_ends_a_run_and_a_longer_one_begins_another() {
        let datagrams = [(5, 100), (5, 60), (5, 60), (5, 100), (5, 100)];
        assert_eq!(sent(&datagrams, 64), [(5, vec![100, 60]), (5, vec![60]), (5, vec![100, 100])]);
    }

    #[test]
    fn what_may_not_fit_the_way_goes_alone() {
        assert_eq!(
            sent(&[(5, 1_300), (5, 1_300), (5, 90)], 64),
            [(5, vec![1_300]), (5, vec![1_300]), (5, vec![90])]
        );
    }

    #[test]
    fn runs_are_bounded() {
        assert_eq!(sent(&[(5, 10); 5], 2), [(5, vec![10, 10]), (5, vec![10, 10]), (5, vec![10])]);
        assert_eq!(sent(&[(5, 10); 3], 1), [(5, vec![10]), (5, vec![10]), (5, vec![10])]);
        let runs = sent(&[(5, 1_200); 100], 64);
        assert!(runs.iter().all(|(_, lengths)| lengths.iter().sum::<usize>() <= RUN_MAX_BYTES), "{runs:?}");
        assert_eq!(runs.iter().map(|(_, lengths)| lengths.len()).sum::<usize>(), 100);
    }
}
