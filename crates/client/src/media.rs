//! The way to the server for sound and picture: one [`Peer`] at a time, made anew when it fails.
//!
//! One that works is not given up for a single offer that was refused or whose answer was lost: the offer is made once more, and sound
//! and picture go on meanwhile.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tangelo_wire::{LineUse, MediaLine, Source};

use crate::peer::{News, Peer};

/// An answer that takes longer was lost on the way.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// ICE and DTLS that take longer after the first answer will not come up.
const CONNECT_WAIT: Duration = Duration::from_secs(20);
/// Once the server is reached again, something must come by the old way within this time: checks are answered every second.
const PROBE_WAIT: Duration = Duration::from_millis(1_500);
/// The pause before an offer is made again, or a connection that failed is made anew; doubled for each other failure not long ago.
const RENEW_WAIT: Duration = Duration::from_secs(1);
const RENEW_WAIT_MAX: Duration = Duration::from_secs(16);
const FAILURE_COUNTS: Duration = Duration::from_secs(60);

/// See the module.
pub(crate) struct MediaConnection {
    peer: Peer,
    wanted: Vec<LineUse>,
    /// The number of the next offer; no two connections share one.
    next_offer: u32,
    /// What is waited for, and until when.
    awaited: Option<(Awaited, Instant)>,
    /// When connections failed.
    failed_at: VecDeque<Instant>,
    renew_at: Option<Instant>,
    /// By when something must come.
    probe_by: Option<Instant>,
    /// Whether the last offer came to nothing, and the connection went on without it.
    missed: bool,
    /// No offer before.
    again_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    /// The answer to this offer.
    Answer(u32),
    Connection,
}

impl MediaConnection {
    /// Nothing is sent before [`MediaConnection::want`] and [`MediaConnection::offer`].
    pub(crate) fn new(now: Instant, local: SocketAddr) -> Self {
        Self {
            peer: Peer::new(now, local),
            wanted: Vec::new(),
            next_offer: 1,
            awaited: None,
            failed_at: VecDeque::new(),
            renew_at: None,
            probe_by: None,
            missed: false,
            again_at: None,
        }
    }

    /// Drops the connection and makes another, from this address.
    pub(crate) fn renew(&mut self, now: Instant, local: SocketAddr) {
        self.peer = Peer::new(now, local);
        self.peer.want(self.wanted.clone());
        (self.awaited, self.renew_at, self.probe_by) = (None, None, None);
        (self.missed, self.again_at) = (false, None);
    }

    /// What the lines should be for, all of it.
    pub(crate) fn want(&mut self, wanted: Vec<LineUse>) {
        self.wanted.clone_from(&wanted);
        self.peer.want(wanted);
    }

    /// The next offer to send, with its number, if something changed and none is under way.
    pub(crate) fn offer(&mut self, now: Instant) -> Option<(u32, String, Vec<MediaLine>)> {
        // One that failed is not asked for more.
        if self.renew_at.is_some() || self.again_at.is_some_and(|at| now < at) {
            return None;
        }
        self.again_at = None;
        let (sdp, lines) = self.peer.offer()?;
        let number = self.next_offer;
        self.next_offer = self.next_offer.wrapping_add(1);
        self.awaited = Some((Awaited::Answer(number), now + ANSWER_WAIT));
        Some((number, sdp, lines))
    }

    /// The server answered.
    pub(crate) fn answered(&mut self, now: Instant, number: u32, sdp: &str) {
        if !self.awaits(Awaited::Answer(number)) {
            return;
        }
        self.awaited = (!self.peer.is_connected()).then_some((Awaited::Connection, now + CONNECT_WAIT));
        match self.peer.answer(sdp) {
            Ok(()) => self.missed = false,
            Err(error) => self.fail(now, &format!("the server's answer cannot be used: {error}")),
        }
    }

    /// The server refused an offer. Its session is as it was, and so is the one here once the offer is withdrawn.
    pub(crate) fn refused(&mut self, now: Instant, number: u32, text: &str) {
        if self.awaits(Awaited::Answer(number)) {
            let why = format!("the server refused an offer: {text}");
            if self.offers_again(now, &why) {
                self.peer.withdraw();
            } else {
                self.fail(now, &why);
            }
        }
    }

    /// What was said to the server last may not have reached it: answers are not kept for those who come back.
    pub(crate) fn interrupted(&mut self, now: Instant) {
        if let Some((Awaited::Answer(_), until)) = &mut self.awaited {
            *until = now;
        }
    }

    /// The server is reached again: what waits need not wait, and what was tried without a network is tried anew.
    pub(crate) fn reachable(&mut self, now: Instant) {
        let tries = self.awaits(Awaited::Connection);
        if self.renew_at.is_some() || tries {
            self.awaited = None;
            self.renew_at = Some(now);
        } else if self.peer.is_connected() {
            self.probe_by = Some(now + PROBE_WAIT);
        }
    }

    pub(crate) fn receive(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        self.probe_by = None;
        self.peer.receive(now, source, contents);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.peer.poll_timeout() <= now {
            self.peer.handle_timeout(now);
        }
        if let Some((awaited, _)) = self.awaited.filter(|(_, until)| *until <= now) {
            let why = format!("waited in vain: {awaited:?}");
            if matches!(awaited, Awaited::Answer(_)) && self.offers_again(now, &why) {
                self.peer.repeat();
            } else {
                self.fail(now, &why);
            }
        }
        if self.probe_by.is_some_and(|by| by <= now) {
            tracing::info!("nothing comes by the old way: another connection is made");
            (self.awaited, self.probe_by, self.renew_at) = (None, None, Some(now));
        }
        self.again_at = self.again_at.filter(|at| now < *at);
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let due = [self.awaited.map(|(_, until)| until), self.renew_at, self.probe_by, self.again_at];
        due.into_iter().flatten().fold(self.peer.poll_timeout(), Instant::min)
    }

    /// Whether it is time for [`MediaConnection::renew`].
    pub(crate) fn is_to_renew(&self, now: Instant) -> bool {
        self.renew_at.is_some_and(|at| at <= now)
    }

    /// Not yet: there is no address to do it from, or one is being looked for.
    pub(crate) fn renew_later(&mut self, now: Instant) {
        self.renew_at = Some(now + RENEW_WAIT_MAX);
    }

    /// Everything there is to tell now.
    pub(crate) fn news(&mut self, now: Instant) -> Vec<News> {
        let mut news = self.peer.news(now);
        news.retain(|each| match each {
            News::Connected => {
                self.awaited = self.awaited.filter(|(awaited, _)| *awaited != Awaited::Connection);
                true
            }
            News::Lost => {
                self.fail(now, "the way to the server is lost");
                false
            }
            _ => true,
        });
        news
    }

    /// Sends a sealed frame.
    pub(crate) fn send(&mut self, now: Instant, source: Source, timestamp: u64, contents: Vec<u8>) {
        self.peer.send(now, source, timestamp, contents);
    }

    /// Asks for a key frame on the line of a remote source.
    pub(crate) fn ask_key_frame(&mut self, line_use: LineUse) {
        self.peer.ask_key_frame(line_use);
    }

    fn awaits(&self, what: Awaited) -> bool {
        self.awaited.is_some_and(|(awaited, _)| awaited == what)
    }

    /// Whether the connection goes on although an offer came to nothing: if it works, and this is not the second in a row. Then another
    /// offer follows after a pause.
    fn offers_again(&mut self, now: Instant, why: &str) -> bool {
        if self.missed || self.renew_at.is_some() || !self.peer.is_connected() {
            return false;
        }
        self.missed = true;
        self.awaited = None;
        self.again_at = Some(now + RENEW_WAIT);
        tracing::info!(why, wait = ?RENEW_WAIT, "an offer came to nothing, and is made again after a pause");
        true
    }

    fn fail(&mut self, now: Instant, why: &str) {
        self.awaited = None;
        if self.renew_at.is_some() {
            return;
        }
        self.failed_at.retain(|at| now.duration_since(*at) < FAILURE_COUNTS);
        let wait = RENEW_WAIT * 2_u32.pow(u32::try_from(self.failed_at.len()).unwrap_or(u32::MAX).min(8));
        let wait = wait.min(RENEW_WAIT_MAX);
        self.failed_at.push_back(now);
        self.renew_at = Some(now + wait);
        tracing::info!(why, ?wait, "the media connection failed, and is made anew after a pause");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod tests {
    use str0m::{
        Input, Output, Rtc,
        change::SdpOffer,
        net::{Protocol, Receive},
    };

    use super::*;

    fn connection() -> (MediaConnection, Instant) {
        let now = Instant::now();
        let mut connection = MediaConnection::new(now, "127.0.0.1:9".parse().unwrap());
        connection.want(vec![LineUse::Send { source: Source::Camera }]);
        (connection, now)
    }

    /// Until the connection is to be made anew; by then, how long that took.
    fn until_renewal(connection: &mut MediaConnection, begin: Instant) -> Duration {
        let mut now = begin;
        for _ in 0..1_000 {
            if connection.is_to_renew(now) {
                return now - begin;
            }
            now = connection.poll_timeout().max(now + Duration::from_millis(1));
            connection.handle_timeout(now);
            connection.news(now);
        }
        panic!("it is never made anew");
    }

    #[test]
    fn the_first_offer_that_is_refused_is_made_again_by_another_connection_after_a_pause() {
        let (mut connection, now) = connection();
        let (number, first, _) = connection.offer(now).unwrap();
        connection.refused(now, number, "no");
        assert!(connection.offer(now).is_none());
        assert_eq!(until_renewal(&mut connection, now), RENEW_WAIT);
        connection.renew(now, "127.0.0.1:10".parse().unwrap());
        let (next, second, lines) = connection.offer(now).unwrap();
        assert_ne!((next, &second), (number, &first));
        assert_eq!(lines.len(), 1);
        // Its answer comes too late, and is for a connection that is no more.
        connection.answered(now, number, "v=0");
        assert!(connection.awaits(Awaited::Answer(next)));
    }

    #[test]
    fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
        let (mut connection, now) = connection();
        connection.offer(now).unwrap();
        assert_eq!(until_renewal(&mut connection, now), ANSWER_WAIT + RENEW_WAIT);
    }

    #[test]
    fn an_offer_that_was_under_way_when_the_web_socket_closed_is_given_up() {
        let (mut connection, now) = connection();
        connection.interrupted(now);
        assert!(connection.renew_at.is_none(), "nothing was under way");
        connection.offer(now).unwrap();
        connection.interrupted(now);
        connection.handle_timeout(now);
        assert!(connection.renew_at.is_some());
    }

    const CAMERA: LineUse = LineUse::Send { source: Source::Camera };
    const MICROPHONE: LineUse = LineUse::Send { source: Source::Microphone };

    /// One that works, with what stands in for the server.
    fn connected() -> (MediaConnection, Rtc, Instant) {
        let (mut connection, mut now) = connection();
        let mut server = Rtc::builder().set_ice_lite(true).build(now);
        let (local, remote) = ("127.0.0.1:9".parse().unwrap(), "127.0.0.1:10".parse().unwrap());
        server.add_local_candidate(str0m::Candidate::host(remote, "udp").unwrap());
        let (number, sdp, _) = connection.offer(now).unwrap();
        answer(&mut connection, &mut server, now, number, &sdp);
        for _ in 0..1_000 {
            for news in connection.news(now) {
                if let News::Transmit { contents, .. } = news {
                    let receive = Receive::new(Protocol::Udp, local, remote, &contents).unwrap();
                    server.handle_input(Input::Receive(now, receive)).unwrap();
                }
            }
            loop {
                match server.poll_output().unwrap() {
                    Output::Timeout(_) => break,
                    Output::Transmit(transmit) => connection.receive(now, remote, &transmit.contents),
                    Output::Event(_) => {}
                }
            }
            if connection.peer.is_connected() {
                connection.news(now);
                return (connection, server, now);
            }
            now += Duration::from_millis(10);
            connection.handle_timeout(now);
            server.handle_input(Input::Timeout(now)).unwrap();
        }
        panic!("it never connects");
    }

    fn answer(connection: &mut MediaConnection, server: &mut Rtc, now: Instant, number: u32, sdp: &str) {
        let answer = server.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp).unwrap()).unwrap();
        connection.answered(now, number, &answer.to_sdp_string());
        assert!(connection.renew_at.is_none(), "the answer fits");
    }

    #[test]
    fn a_connection_that_works_stays_when_an_offer_is_refused_and_offers_again() {
        let (mut connection, mut server, mut now) = connected();
        for _ in 0..2 {
            connection.want(vec![CAMERA, MICROPHONE]);
            let (number, ..) = connection.offer(now).unwrap();
            connection.refused(now, number, "no");
            assert!(connection.offer(now).is_none() && connection.renew_at.is_none());
            assert!(connection.poll_timeout() <= now + RENEW_WAIT);
            now += RENEW_WAIT;
            connection.handle_timeout(now);
            let (number, sdp, lines) = connection.offer(now).unwrap();
            assert_eq!(lines.iter().filter(|line| line.line_use.is_some()).count(), 2);
            answer(&mut connection, &mut server, now, number, &sdp);
            // What is taken counts: the next refusal is a first one again.
            connection.want(vec![CAMERA]);
            let (number, sdp, _) = connection.offer(now).unwrap();
            answer(&mut connection, &mut server, now, number, &sdp);
        }
        assert!(connection.peer.is_connected());
    }

    #[test]
    fn a_second_refusal_in_a_row_makes_a_new_connection() {
        let (mut connection, _, mut now) = connected();
        connection.want(vec![CAMERA, MICROPHONE]);
        let (number, ..) = connection.offer(now).unwrap();
        connection.refused(now, number, "no");
        now += RENEW_WAIT;
        let (number, ..) = connection.offer(now).unwrap();
        connection.refused(now, number, "no");
        assert_eq!(connection.renew_at, Some(now + RENEW_WAIT));
        assert!(connection.offer(now + RENEW_WAIT).is_none());
    }

    #[test]
    fn an_offer_whose_answer_was_lost_is_repeated_word_by_word_since_the_server_may_have_taken_it() {
        let (mut connection, mut server, now) = connected();
        connection.want(vec![CAMERA, MICROPHONE]);
        let (lost, first, lines) = connection.offer(now).unwrap();
        server.sdp_api().accept_offer(SdpOffer::from_sdp_string(&first).unwrap()).unwrap();
        connection.interrupted(now);
        connection.handle_timeout(now);
        assert!(connection.offer(now).is_none() && connection.renew_at.is_none());
        let now = now + RENEW_WAIT;
        let (number, second, same) = connection.offer(now).unwrap();
        assert_ne!(number, lost);
        assert_eq!((&second, &same), (&first, &lines));
        answer(&mut connection, &mut server, now, number, &second);
        assert!(!connection.missed && connection.peer.is_connected());
    }

    #[test]
    fn failures_in_quick_succession_are_followed_by_longer_pauses() {
        let (mut connection, mut now) = connection();
        let mut waits = Vec::new();
        for _ in 0..6 {
            let (number, ..) = connection.offer(now).unwrap();
            connection.refused(now, number, "no");
            let wait = connection.renew_at.unwrap() - now;
            waits.push(wait.as_secs());
            now += wait;
            connection.renew(now, "127.0.0.1:9".parse().unwrap());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 16]);
    }
}
