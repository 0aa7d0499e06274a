//! UDP ports: many datagrams at a time in and out.

use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, UdpSocket as StdSocket},
    task::{Context, Poll},
};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

use crate::{batch::Run, bind::Bound};

/// Bytes of one buffer: the kernel may put datagrams of one sender together (GRO).
const BUFFER_BYTES: usize = 65_536;
/// What the kernel is asked to keep while this thread is busy, in bytes: a quarter of a second at 100 Mbit/s.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;

/// A UDP port of the running media thread.
pub(crate) struct OpenPort {
    socket: UdpSocket,
    state: UdpSocketState,
    /// The address that clients know it by.
    pub(crate) candidate: SocketAddr,
}

impl OpenPort {
    /// Makes a bound socket ready for the present runtime.
    pub(crate) fn open(bound: Bound<StdSocket>) -> io::Result<Self> {
        let socket = UdpSocket::from_std(bound.socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        // As much as the system allows.
        for outcome in [
            state.set_recv_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES),
            state.set_send_buffer_size((&socket).into(), SOCKET_BUFFER_BYTES),
        ] {
            if let Err(error) = outcome {
                tracing::debug!(%error, "the socket's buffers stay as they are");
            }
        }
        Ok(Self { socket, state, candidate: bound.candidate })
    }

    /// Most datagrams of one [`OpenPort::send`]; 1 where the kernel does not take several.
    pub(crate) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_recv_ready(context)
    }

    /// Takes what has come, as far as it fits. Returns whether there was anything.
    pub(crate) fn receive(&self, inbox: &mut Inbox) -> bool {
        let received =
            self.socket.try_io(Interest::READABLE, || inbox.fill(&self.state, (&self.socket).into()));
        // Errors here tell of earlier sends (ICMP), or that there is no more.
        received.is_ok()
    }

    /// Sends a run. A full socket buffer loses it, as the network would.
    pub(crate) fn send(&self, run: Run<'_>) {
        let refused = self.try_send(run.destination, run.contents, run.segment_bytes).is_err_and(|error| {
            // The network card behind this address may not take runs: then none are made any more.
            error.kind() != io::ErrorKind::WouldBlock && run.contents.len() > run.segment_bytes
        });
        if refused {
            for datagram in run.contents.chunks(run.segment_bytes) {
                let _ = self.try_send(run.destination, datagram, datagram.len());
            }
        }
    }

    fn try_send(&self, destination: SocketAddr, contents: &[u8], segment_bytes: usize) -> io::Result<()> {
        let segment_size = Some(segment_bytes);
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        // Not by `try_io`: after one full buffer that would send nothing to anybody until the runtime has looked again.
        self.state.try_send((&self.socket).into(), &transmit)
    }
}

/// Room for what comes in.
pub(crate) struct Inbox {
    buffers: Vec<Vec<u8>>,
    metas: Vec<RecvMeta>,
    filled: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let count = quinn_udp::BATCH_SIZE;
        Self {
            buffers: vec![vec![0; BUFFER_BYTES]; count],
            metas: vec![RecvMeta::default(); count],
            filled: 0,
        }
    }

    fn fill(&mut self, state: &UdpSocketState, socket: quinn_udp::UdpSockRef<'_>) -> io::Result<()> {
        self.filled = 0;
        let mut slices: Vec<IoSliceMut<'_>> =
            self.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        self.filled = state.recv(socket, &mut slices, &mut self.metas)?;
        Ok(())
    }

    /// What came, with its source, in its order.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.metas.iter().zip(&self.buffers).take(self.filled).flat_map(|(meta, buffer)| {
            let contents = buffer.get(..meta.len).unwrap_or_default();
            contents.chunks(meta.stride.max(1)).map(|datagram| (meta.addr, datagram))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, net::IpAddr, time::Duration};

    use super::*;
    use crate::bind::bind;

    fn open() -> OpenPort {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        OpenPort::open(bind(&[loopback], loopback, 0).unwrap().remove(0)).unwrap()
    }

    #[tokio::test]
    async fn a_run_arrives_as_the_datagrams_that_it_is_made_of() {
        let (from, to) = (open(), open());
        from.socket.writable().await.unwrap();
        let contents: Vec<u8> = (0..=255).cycle().take(3_300).collect();
        let run = Run {
            source: from.candidate,
            destination: to.candidate,
            segment_bytes: 1_000,
            contents: &contents,
        };
        from.send(run);
        let mut inbox = Inbox::new();
        let mut came = Vec::new();
        while came.len() < 4 {
            let readable = poll_fn(|context| to.poll_readable(context));
            tokio::time::timeout(Duration::from_secs(60), readable).await.unwrap().unwrap();
            if to.receive(&mut inbox) {
                came.extend(inbox.datagrams().map(|(source, datagram)| (source, datagram.to_vec())));
            }
        }
        assert!(came.iter().all(|(source, _)| *source == from.candidate));
        let datagrams: Vec<&[u8]> = came.iter().map(|(_, datagram)| &datagram[..]).collect();
        assert_eq!(datagrams, contents.chunks(1_000).collect::<Vec<_>>());
    }
}
