//! What of a picture can be told from outside the encryption.

use str0m::rtp::Vp8Descriptor;

/// Whether a packet is the first of a VP9 key frame, by the payload descriptor (RFC 9628 section 4.2): no inter-picture
/// prediction, and the start of the frame's lowest spatial layer.
pub(crate) fn starts_vp9_key_frame(payload: &[u8]) -> bool {
    let Some(first) = payload.first() else { return false };
    let (picture_id, predicted, has_layers, starts) =
        (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0, first & 0x08 != 0);
    if predicted || !starts {
        return false;
    }
    if !has_layers {
        return true;
    }
    let long_id = payload.get(1).is_some_and(|byte| byte & 0x80 != 0);
    let at = 1 + if picture_id { 1 + usize::from(long_id) } else { 0 };
    payload.get(at).is_some_and(|layers| (layers >> 1) & 0x07 == 0)
}

/// The height of a VP8 key frame in pixels, from the packet that starts it (RFC 6386 section 9.1). It stands in the 10
/// bytes that stay in clear.
pub(crate) fn vp8_height(payload: &[u8]) -> Option<u16> {
    let frame = payload.get(descriptor_length(payload)?..)?;
    if frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let height = u16::from_le_bytes(frame.get(8..10)?.try_into().ok()?) & 0x3fff;
    (height > 0).then_some(height)
}

/// The length of the VP8 payload descriptor in bytes (RFC 7741 section 4.2).
fn descriptor_length(payload: &[u8]) -> Option<usize> {
    Vp8Descriptor::parse(payload).ok()?;
    if payload.first()? & 0x80 == 0 {
        return Some(1);
    }
    let extensions = *payload.get(1)?;
    let mut length = 2;
    if extensions & 0x80 != 0 {
        length += if payload.get(length)? & 0x80 != 0 { 2 } else { 1 };
    }
    length += usize::from(extensions & 0x40 != 0);
    length += usize::from(extensions & 0x30 != 0);
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_key_frame_tells_its_height() {
        let frame = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x41, 7];
        for descriptor in [&[0x10][..], &[0x90, 0x80, 5], &[0x90, 0xe0, 0x80, 5, 1, 0x20]] {
            let payload = [descriptor, &frame].concat();
            assert_eq!(vp8_height(&payload), Some(480), "{descriptor:x?}");
            for cut in 0..payload.len() - 1 {
                assert_eq!(vp8_height(&payload[..cut]), None, "{cut}");
            }
        }
        assert_eq!(vp8_height(&[0x10, 0x11, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), None, "no key frame");
    }

    #[test]
    fn a_vp9_key_frame_is_known_by_its_descriptor() {
        assert!(starts_vp9_key_frame(&[0x8b, 0x80, 1, 0]));
        assert!(starts_vp9_key_frame(&[0x08]));
        assert!(starts_vp9_key_frame(&[0xa8, 0x80, 1, 0x00, 0]));
        assert!(!starts_vp9_key_frame(&[0xa8, 0x80, 1, 0x02, 0]), "a spatial layer above the lowest");
        assert!(!starts_vp9_key_frame(&[0xcb, 0x80, 1, 0]), "predicted from the picture before");
        assert!(!starts_vp9_key_frame(&[0x83, 0x80, 1, 0]), "not the start of the frame");
        assert!(!starts_vp9_key_frame(&[]) && !starts_vp9_key_frame(&[0xa8, 0x80]));
    }
}
