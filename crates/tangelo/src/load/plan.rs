//! What a load consists of.

use std::time::Duration;

use tangelo_wire::limits::HEARD_MAX;

use super::stamp::AUDIO_BYTES_MIN;

/// A packet of sound.
pub(super) const SOUND: Duration = Duration::from_millis(20);

/// How many come, and what they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rooms: u32,
    /// In each room.
    pub(super) clients: u32,
    /// In each room; they come first.
    pub(super) publishers: u32,
    /// Of one packet of sound; 0 for no sound.
    pub(super) audio_bytes: usize,
    /// Of one picture; 0 for no pictures.
    pub(super) video_bytes: usize,
    /// Pictures in a second.
    pub(super) frame_rate: u32,
}

impl Plan {
    /// `(rooms, clients, publishers)`, and bit rates in kbit/s.
    pub(super) fn new(
        (rooms, clients, publishers): (u32, u32, u32),
        audio_kbit: u32,
        video_kbit: u32,
        frame_rate: u32,
    ) -> Result<Self, String> {
        if publishers > clients {
            return Err(format!(
                "--publishers {publishers} is more than --clients {clients}: publishers are some of the clients, so \
                 give at most as many"
            ));
        }
        if publishers > 0 && audio_kbit == 0 && video_kbit == 0 {
            return Err("nothing would be sent: give --audio-bitrate or --video-bitrate, or --publishers 0"
                .to_owned());
        }
        let bytes = |kbit: u32, per_second: u32| {
            usize::try_from(u64::from(kbit) * 125 / u64::from(per_second.max(1))).unwrap_or(usize::MAX)
        };
        let audio_bytes = bytes(audio_kbit, 50);
        if audio_kbit > 0 && audio_bytes < AUDIO_BYTES_MIN {
            return Err(format!(
                "--audio-bitrate {audio_kbit} is too low for packets that tell when they were sent: give at least 10"
            ));
        }
        let video_bytes = bytes(video_kbit, frame_rate);
        Ok(Self { rooms, clients, publishers, audio_bytes, video_bytes, frame_rate })
    }

    /// In all rooms.
    pub(super) fn people(&self) -> u32 {
        self.rooms * self.clients
    }

    /// The room of a client, counted from 0. Rooms fill up side by side.
    pub(super) fn room_of(&self, client: u32) -> u32 {
        client % self.rooms.max(1)
    }

    /// Whether a client sends.
    pub(super) fn publishes(&self, client: u32) -> bool {
        client / self.rooms.max(1) < self.publishers
    }

    /// Who sends in a client's room.
    pub(super) fn publishers_of(&self, client: u32) -> impl Iterator<Item = u32> + use<> {
        let (rooms, room) = (self.rooms, self.room_of(client));
        (0..self.publishers).map(move |number| number * rooms + room)
    }

    /// Which of sound and picture a publisher sends.
    pub(super) fn sends(&self) -> [bool; 2] {
        [self.audio_bytes > 0, self.video_bytes > 0]
    }

    /// On how many lines something comes to a client: of the microphones of many it hears a part.
    pub(super) fn lines_of(&self, client: u32) -> u64 {
        let others = self.others_of(client);
        let [sound, picture] = self.sends();
        let heard = others.min(HEARD_MAX as u64);
        u64::from(sound) * heard + u64::from(picture) * others
    }

    /// Whether a client hears all microphones, and misses what does not come.
    pub(super) fn hears_all(&self, client: u32) -> bool {
        self.others_of(client) <= HEARD_MAX as u64
    }

    /// How many others send in a client's room.
    fn others_of(&self, client: u32) -> u64 {
        u64::from(self.publishers - u32::from(self.publishes(client)))
    }

    /// How many lines all of them receive on.
    pub(super) fn lines(&self) -> u64 {
        (0..self.people()).map(|client| self.lines_of(client)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_rates_become_frames() {
        let plan = Plan::new((1, 10, 2), 32, 600, 30).unwrap();
        assert_eq!((plan.audio_bytes, plan.video_bytes), (80, 2_500));
        assert_eq!((plan.people(), plan.lines()), (10, 2 * 2 * 9));
        assert_eq!(Plan::new((1, 10, 2), 0, 600, 30).unwrap().lines(), 2 * 9);
        let many = Plan::new((1, 40, 30), 32, 600, 30).unwrap();
        assert_eq!((many.lines_of(0), many.lines_of(39)), (25 + 29, 25 + 30));
        assert!(plan.hears_all(0) && !many.hears_all(0));
    }

    #[test]
    fn rooms_have_their_own_publishers() {
        let plan = Plan::new((3, 4, 2), 32, 0, 30).unwrap();
        assert_eq!(plan.publishers_of(4).collect::<Vec<_>>(), [1, 4]);
        let publishers: Vec<u32> = (0..plan.people()).filter(|client| plan.publishes(*client)).collect();
        assert_eq!(publishers, [0, 1, 2, 3, 4, 5]);
        assert_eq!((plan.lines_of(4), plan.lines_of(7), plan.lines()), (1, 2, 3 * (2 + 2 * 2)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(Plan::new((1, 2, 3), 32, 0, 30).unwrap_err().contains("more than --clients 2"));
        assert!(Plan::new((1, 2, 1), 0, 0, 30).unwrap_err().starts_with("nothing would be sent"));
        assert!(Plan::new((1, 2, 1), 9, 0, 30).unwrap_err().contains("at least 10"));
        assert!(Plan::new((1, 2, 0), 0, 0, 30).is_ok());
        assert!(Plan::new((1, 2, 1), 10, 0, 30).is_ok());
    }
}
