//! Opus packets of constant size: what is padded tells nothing by its length.
//!
//! An Opus packet may carry padding that decoders skip (RFC 6716 section 3.2.5). So a packet of any size becomes one
//! of a given larger size which sounds the same, and no receiver needs to know.

/// Sizes to which packets are padded, in bytes. The first is what 32 kbit/s, which browsers take for speech, makes of
/// 20 ms at a constant bit rate. A larger packet is rare at any rate that a call agrees on.
const SIZES_BYTES: [usize; 9] = [80, 120, 160, 240, 320, 480, 640, 960, 1_280];

/// Longest frame (RFC 6716 section 3.2.1), in bytes.
const FRAME_MAX_BYTES: usize = 1_275;
/// Most sound in a packet, in units of 2.5 ms: 120 ms.
const DURATION_MAX: usize = 48;
/// A unit of 2.5 ms at 48 kHz.
const SAMPLES_PER_UNIT: usize = 120;
/// Bits of the frame count byte.
const VBR: u8 = 0x80;
const PADDED: u8 = 0x40;
const COUNT: u8 = 0x3f;

/// The size that one source's packets have. It only ever grows: an encoder at a variable bit rate shows that it needs
/// more once, a few times in a call, and not with each word.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketSize(usize);

impl Default for PacketSize {
    fn default() -> Self {
        let [first, ..] = SIZES_BYTES;
        Self(first)
    }
}

impl PacketSize {
    /// Writes a packet that sounds like `packet` and has the source's size into `output`, which is emptied first. One
    /// that is longer than the largest size keeps its own. `None` if it is no Opus packet.
    pub(super) fn pad(&mut self, packet: &[u8], output: &mut Vec<u8>) -> Option<()> {
        let needed = SIZES_BYTES.into_iter().find(|size| *size >= packet.len());
        self.0 = self.0.max(needed.unwrap_or_default());
        pad(packet, self.0.max(packet.len()), output)
    }
}

/// Writes a packet of exactly `size` bytes that sounds like `packet` into `output`, which is emptied first. `None` if
/// `packet` is no Opus packet, or longer than `size`.
pub(crate) fn pad(packet: &[u8], size: usize, output: &mut Vec<u8>) -> Option<()> {
    output.clear();
    let parts = Parts::of(packet)?;
    if packet.len() == size {
        output.extend_from_slice(packet);
        return Some(());
    }
    // A packet of code 3 has one byte more than the same of code 0, 1 or 2, and as many as one of code 3.
    let bare = 2 + parts.rest.len();
    // Bytes of length and padding together.
    let added = size.checked_sub(bare)?;
    let flag = if added > 0 { PADDED } else { 0 };
    output.reserve(size);
    output.push(parts.toc | 3);
    output.push(parts.count | flag);
    if added > 0 {
        // Every byte of 255 stands for 254 bytes of padding and one more byte of length.
        let full = (added - 1) / 255;
        output.resize(output.len() + full, 255);
        output.push(u8::try_from((added - 1) % 255).ok()?);
    }
    output.extend_from_slice(parts.rest);
    // Old padding stays where it is: some encoders put more than zeros there.
    output.extend_from_slice(parts.padding.get(..parts.padding.len().min(size - output.len()))?);
    output.resize(size, 0);
    Some(())
}

/// The packet as it was before it was padded, in the shortest form that sounds the same: for files, which need not hide
/// anything. Padding that holds more than zeros stays. `None` if it is no Opus packet.
#[must_use]
pub fn unpad(packet: &[u8]) -> Option<Vec<u8>> {
    let parts = Parts::of(packet)?;
    if parts.padding.iter().any(|byte| *byte != 0) {
        return Some(packet.to_vec());
    }
    let code = match parts.count {
        count if count & COUNT == 1 => 0,
        2 => 1,
        count if count == 2 | VBR => 2,
        _ => 3,
    };
    let mut bare = vec![parts.toc & !3 | code];
    if code == 3 {
        bare.push(parts.count);
    }
    bare.extend_from_slice(parts.rest);
    Some(bare)
}

/// How much sound a packet holds, in samples at 48 kHz. `None` if it is no Opus packet.
#[must_use]
pub fn samples(packet: &[u8]) -> Option<u32> {
    let parts = Parts::of(packet)?;
    let units = usize::from(parts.count & COUNT) * frame_duration(parts.toc);
    u32::try_from(units * SAMPLES_PER_UNIT).ok()
}

/// A packet without data, which asks the decoder to conceal a loss (RFC 7845 section 4.1): the mode of `like`, and as
/// many whole frames as fit into `samples` and a packet. With it, how many samples that is. `None` if no frame fits.
#[must_use]
pub fn loss(like: &[u8], samples: u64) -> Option<(Vec<u8>, u32)> {
    let toc = like.first()?;
    let frame = frame_duration(*toc);
    let units = usize::try_from(samples).unwrap_or(usize::MAX) / SAMPLES_PER_UNIT;
    let frames = (units.min(DURATION_MAX) / frame) as u8;
    let lost = vec![toc | 3, frames];
    let samples = self::samples(&lost)?;
    Some((lost, samples))
}

/// A packet of whatever code, as the parts of one of code 3.
struct Parts<'a> {
    toc: u8,
    /// The frame count byte, without the flag for padding.
    count: u8,
    /// Lengths of all frames but the last, if they vary, then the frames.
    rest: &'a [u8],
    padding: &'a [u8],
}

impl<'a> Parts<'a> {
    /// RFC 6716 sections 3.2 and 3.4; `None` if the packet breaks a rule.
    fn of(packet: &'a [u8]) -> Option<Self> {
        let (toc, rest) = packet.split_first()?;
        let parts = match toc & 3 {
            0 => Self { toc: *toc, count: 1, rest, padding: &[] },
            1 => Self { toc: *toc, count: 2, rest, padding: &[] },
            2 => Self { toc: *toc, count: 2 | VBR, rest, padding: &[] },
            _ => {
                let (count, rest) = rest.split_first()?;
                let (padding_bytes, rest) =
                    if count & PADDED == 0 { (0, rest) } else { padding_length(rest)? };
                let (rest, padding) = rest.split_at_checked(rest.len().checked_sub(padding_bytes)?)?;
                Self { toc: *toc, count: count & !PADDED, rest, padding }
            }
        };
        parts.is_valid().then_some(parts)
    }

    fn is_valid(&self) -> bool {
        let frames = usize::from(self.count & COUNT);
        if frames == 0 || frames * frame_duration(self.toc) > DURATION_MAX {
            return false;
        }
        if self.count & VBR == 0 {
            return self.rest.len().is_multiple_of(frames) && self.rest.len() / frames <= FRAME_MAX_BYTES;
        }
        let (mut lengths, mut total) = (self.rest, 0);
        for _ in 1..frames {
            let Some((length, after)) = frame_length(lengths) else { return false };
            total += length;
            lengths = after;
        }
        lengths.len().checked_sub(total).is_some_and(|last| last <= FRAME_MAX_BYTES)
    }
}

/// How much sound a frame holds, in units of 2.5 ms (RFC 6716 section 3.1, table 2).
fn frame_duration(toc: u8) -> usize {
    match (toc >> 3, toc >> 3 & 3) {
        // SILK: 10, 20, 40, 60 ms.
        (..12, 0) => 4,
        (..12, 1) => 8,
        (..12, 2) => 16,
        (..12, _) => 24,
        // Hybrid: 10, 20 ms.
        (12..16, 0 | 2) => 4,
        (12..16, _) => 8,
        // CELT: 2.5, 5, 10, 20 ms.
        (_, size) => 1 << size,
    }
}

/// How many bytes of padding there are at the packet's end, and what follows the length.
fn padding_length(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut total = 0;
    loop {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        if *byte < 255 {
            return Some((total + usize::from(*byte), bytes));
        }
        total += 254;
    }
}

/// The length of one frame, and what follows it (RFC 6716 section 3.2.1).
fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 252 {
        return Some((usize::from(*first), rest));
    }
    let (second, rest) = rest.split_first()?;
    Some((usize::from(*second) * 4 + usize::from(*first), rest))
}

#[cfg(test)]
mod tests;
