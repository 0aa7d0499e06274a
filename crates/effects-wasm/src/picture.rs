//! From what the network says about each pixel to a mask that looks calm, and a blurred background.

/// Below the first the network's doubt is background, above the second it is person.
const DOUBT: (f32, f32) = (0.35, 0.75);

/// How much of a small change a picture takes over at once. A large one it takes over whole: a waving hand is no flicker.
const CALM: f32 = 0.4;

/// How far the blur reaches, as a part of the picture's width, and how often it is done: thrice looks like a lens.
const BLUR_REACH: f32 = 1.0 / 28.0;
const BLUR_PASSES: usize = 3;

/// A mask that goes along with a moving picture.
pub struct Veil {
    width: usize,
    height: usize,
    /// From 0 to 1, as last shown; nothing before the first picture.
    mask: Option<Vec<f32>>,
}

impl Veil {
    /// For pictures of this size.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, mask: None }
    }

    /// Takes over what the network says of the next picture, and writes the mask into A of RGBA.
    pub fn follow(&mut self, certainty: &[f32], rgba: &mut [u8]) {
        let mask = self.mask.get_or_insert_with(|| certainty.to_vec());
        for (mask, certainty) in mask.iter_mut().zip(certainty) {
            let change = certainty - *mask;
            *mask += change * (CALM + (1.0 - CALM) * change.abs());
        }
        let (width, height) = (self.width, self.height);
        for y in 0..height {
            for x in 0..width {
                // The mean of the neighbours: drawn larger, the edge has no steps.
                let (mut sum, mut count) = (0.0, 0.0);
                for near_y in y.saturating_sub(1)..height.min(y + 2) {
                    for near in &mask[near_y * width + x.saturating_sub(1)..near_y * width + width.min(x + 2)]
                    {
                        sum += near;
                        count += 1.0;
                    }
                }
                rgba[4 * (y * width + x) + 3] = (smooth_step(sum / count) * 255.0).round() as u8;
            }
        }
    }
}

fn smooth_step(value: f32) -> f32 {
    let at = ((value - DOUBT.0) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0);
    at * at * (3.0 - 2.0 * at)
}

/// Blurs a picture. The more a pixel is the person, by A of `mask`, the less it adds to its neighbours: no glow around
/// the person.
pub fn blur_background(rgba: &mut [u8], mask: &[u8], width: usize) {
    let height = rgba.len() / 4 / width.max(1);
    let mut sums: Vec<[f32; 4]> = rgba
        .as_chunks()
        .0
        .iter()
        .zip(mask.as_chunks().0)
        .map(|([red, green, blue, _], [_, _, _, person])| {
            // Not quite 0, so that behind the person's middle there is a colour too.
            let weight = 1.001 - f32::from(*person) / 255.0;
            [f32::from(*red) * weight, f32::from(*green) * weight, f32::from(*blue) * weight, weight]
        })
        .collect();
    let reach = ((width as f32 * BLUR_REACH) as usize).max(1);
    let mut line = Vec::new();
    for _ in 0..BLUR_PASSES {
        for y in 0..height {
            blur_line(&mut sums, y * width, 1, width, reach, &mut line);
        }
        for x in 0..width {
            blur_line(&mut sums, x, width, height, reach, &mut line);
        }
    }
    for (pixel, [red, green, blue, weight]) in rgba.as_chunks_mut().0.iter_mut().zip(&sums) {
        let byte = |sum: f32| (sum / weight).clamp(0.0, 255.0).round() as u8;
        *pixel = [byte(*red), byte(*green), byte(*blue), 255];
    }
}

/// Each of `count` pixels, `step` apart, becomes the sum of those around it; those outside count as the outermost.
fn blur_line(
    sums: &mut [[f32; 4]],
    start: usize,
    step: usize,
    count: usize,
    reach: usize,
    line: &mut Vec<[f32; 4]>,
) {
    line.clear();
    line.extend((0..count).map(|index| sums[start + index * step]));
    let at = |index: i64| line[usize::try_from(index).unwrap_or(0).min(count - 1)];
    let reach = reach as i64;
    let mut sum = [0.0; 4];
    for index in -reach..=reach {
        for (sum, value) in sum.iter_mut().zip(at(index)) {
            *sum += value;
        }
    }
    let share = 1.0 / (2 * reach + 1) as f32;
    for index in 0..count {
        sums[start + index * step] = sum.map(|sum| sum * share);
        let (next, gone) = (at(index as i64 + reach + 1), at(index as i64 - reach));
        for ((sum, next), gone) in sum.iter_mut().zip(next).zip(gone) {
            *sum += next - gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 64;

    /// The left half is the person, red; the right half is blue.
    fn halves() -> (Vec<u8>, Vec<u8>) {
        let left = |index: usize| index % WIDTH < WIDTH / 2;
        let pixels = (0..WIDTH * 32)
            .flat_map(|index| if left(index) { [255, 0, 0, 255] } else { [0, 0, 255, 255] })
            .collect();
        let mask = (0..WIDTH * 32).flat_map(|index| [0, 0, 0, if left(index) { 255 } else { 0 }]).collect();
        (pixels, mask)
    }

    #[test]
    fn the_person_does_not_glow_into_the_background() {
        let (mut pixels, mask) = halves();
        blur_background(&mut pixels, &mask, WIDTH);
        for y in 0..32 {
            for x in WIDTH / 2..WIDTH {
                let pixel = &pixels[4 * (y * WIDTH + x)..][..4];
                assert!(pixel[0] < 4 && pixel[2] > 250 && pixel[3] == 255, "{x} {y}: {pixel:?}");
            }
        }
    }

    #[test]
    fn without_a_person_a_line_becomes_wide_and_light_is_kept() {
        let mut pixels: Vec<u8> = (0..WIDTH * 32)
            .flat_map(|index| if index % WIDTH == 32 { [255, 255, 255, 255] } else { [0, 0, 0, 255] })
            .collect();
        blur_background(&mut pixels, &vec![0; 4 * WIDTH * 32], WIDTH);
        let row: Vec<u8> = (0..WIDTH).map(|x| pixels[4 * (16 * WIDTH + x)]).collect();
        assert!(row[32] < 100 && row[28] > 10 && row[10] == 0, "{row:?}");
        let light: u32 = row.iter().map(|value| u32::from(*value)).sum();
        assert!((245..=265).contains(&light), "{light}");
    }

    #[test]
    fn a_mask_flickers_less_than_the_network_and_follows_a_real_change_at_once() {
        let mut veil = Veil::new(4, 4);
        let mut rgba = vec![0; 64];
        let mut middle = |certainty: f32| {
            veil.follow(&[certainty; 16], &mut rgba);
            rgba[4 * 5 + 3]
        };
        assert_eq!(middle(0.0), 0);
        assert_eq!(middle(1.0), 255, "somebody who comes in is there in the same picture");
        assert_eq!(middle(0.0), 0, "and a room that shows again is covered in the same picture");
        middle(0.5);
        let steady = i32::from(middle(0.5));
        let flickering = i32::from(middle(0.65));
        assert!(flickering - steady < i32::from((smooth_step(0.65) * 255.0) as u8) - steady, "{flickering}");
    }

    #[test]
    fn edges_are_soft() {
        let certainty: Vec<f32> = (0..64).map(|index| if index % 8 < 4 { 1.0 } else { 0.0 }).collect();
        let mut rgba = vec![0; 256];
        Veil::new(8, 8).follow(&certainty, &mut rgba);
        let row: Vec<u8> = (0..8).map(|x| rgba[4 * (3 * 8 + x) + 3]).collect();
        assert_eq!((row[0], row[7]), (255, 0));
        assert!(row[3] > 128 && row[3] < 255, "{row:?}");
    }
}
