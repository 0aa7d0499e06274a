//! What the layers of the network compute. Pictures are rows of pixels of channels.

/// Height, width, channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Shape {
    pub(super) fn len(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// The size of a window, its step, and how far it begins outside the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) stride_y: usize,
    pub(super) stride_x: usize,
    pub(super) before_y: usize,
    pub(super) before_x: usize,
}

/// Output channels that are computed together: two SIMD registers.
const LANES: usize = 8;
/// Pixels that are computed together, so that each weight is loaded once for all of them.
const PIXELS: usize = 4;

/// Weights of a convolution, in the order in which they are used: `[outputs / LANES][inputs][LANES]`.
pub(super) struct Weights {
    packed: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Weights {
    /// From `[outputs][inputs]`; an input is a channel of a pixel of the window.
    pub(super) fn new(weights: &[f32], bias: &[f32], outputs: usize) -> Self {
        let inputs = weights.len() / outputs.max(1);
        let blocks = outputs.div_ceil(LANES);
        let mut packed = vec![0.0; blocks * inputs * LANES];
        for output in 0..outputs {
            for input in 0..inputs {
                let (block, lane) = (output / LANES, output % LANES);
                packed[(block * inputs + input) * LANES + lane] = weights[output * inputs + input];
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(blocks * LANES, 0.0);
        Self { packed, bias: padded, inputs, outputs }
    }
}

/// Every output is a weighted sum of all inputs of its window. `scratch` keeps its memory from call to call.
pub(super) fn convolve(
    (input, from): (&[f32], Shape),
    (output, to): (&mut [f32], Shape),
    weights: &Weights,
    window: Window,
    scratch: &mut Vec<f32>,
) {
    if window.height == 1 && window.width == 1 && window.stride_y == 1 && window.stride_x == 1 {
        return multiply(input, output, weights);
    }
    let row = window.width * from.channels;
    for y in 0..to.height {
        scratch.clear();
        scratch.resize(to.width * weights.inputs, 0.0);
        for (x, patch) in scratch.chunks_exact_mut(weights.inputs).enumerate() {
            for (dy, patch) in patch.chunks_exact_mut(row).enumerate() {
                for (dx, pixel) in patch.chunks_exact_mut(from.channels).enumerate() {
                    let Some(at) = inside(from, window, (y, x), (dy, dx)) else { continue };
                    pixel.copy_from_slice(&input[at..at + from.channels]);
                }
            }
        }
        let width = to.width * to.channels;
        multiply(scratch, &mut output[y * width..(y + 1) * width], weights);
    }
}

/// `output[pixel] = weights * input[pixel] + bias`
fn multiply(input: &[f32], output: &mut [f32], weights: &Weights) {
    let pixels = input.len() / weights.inputs;
    let mut pixel = 0;
    while pixel + PIXELS <= pixels {
        multiply_some::<PIXELS>(input, output, weights, pixel);
        pixel += PIXELS;
    }
    while pixel < pixels {
        multiply_some::<1>(input, output, weights, pixel);
        pixel += 1;
    }
}

fn multiply_some<const N: usize>(input: &[f32], output: &mut [f32], weights: &Weights, pixel: usize) {
    let Weights { packed, bias, inputs, outputs } = weights;
    let rows: [&[f32]; N] = std::array::from_fn(|index| &input[(pixel + index) * inputs..][..*inputs]);
    for (block, columns) in packed.chunks_exact(inputs * LANES).enumerate() {
        let first = block * LANES;
        let mut sums = [[0.0; LANES]; N];
        for sum in &mut sums {
            sum.copy_from_slice(&bias[first..first + LANES]);
        }
        for (at, column) in columns.chunks_exact(LANES).enumerate() {
            for (sum, row) in sums.iter_mut().zip(rows) {
                let value = row[at];
                for (sum, weight) in sum.iter_mut().zip(column) {
                    *sum += value * weight;
                }
            }
        }
        let count = LANES.min(outputs - first);
        for (index, sum) in sums.iter().enumerate() {
            output[(pixel + index) * outputs + first..][..count].copy_from_slice(&sum[..count]);
        }
    }
}

/// Every channel is a weighted sum of the same channel in the window. Weights: `[height][width][channels]`.
pub(super) fn convolve_depthwise(
    (input, from): (&[f32], Shape),
    (output, to): (&mut [f32], Shape),
    weights: &[f32],
    bias: &[f32],
    window: Window,
) {
    let channels = from.channels;
    for (index, pixel) in output.chunks_exact_mut(channels).enumerate() {
        let (y, x) = (index / to.width, index % to.width);
        pixel.copy_from_slice(bias);
        for (tap, weights) in weights.chunks_exact(channels).enumerate() {
            let tap = (tap / window.width, tap % window.width);
            let Some(at) = inside(from, window, (y, x), tap) else { continue };
            for ((sum, value), weight) in pixel.iter_mut().zip(&input[at..at + channels]).zip(weights) {
                *sum += value * weight;
            }
        }
    }
}

/// Where the pixel is that an output pixel sees through this place of the window; `None` outside the picture.
fn inside(from: Shape, window: Window, (y, x): (usize, usize), (dy, dx): (usize, usize)) -> Option<usize> {
    let y = (y * window.stride_y + dy).checked_sub(window.before_y)?;
    let x = (x * window.stride_x + dx).checked_sub(window.before_x)?;
    (y < from.height && x < from.width).then_some((y * from.width + x) * from.channels)
}

/// Each pixel becomes a square of pixels of one channel, as large as the stride. Weights: `[height][width][channels]`.
pub(super) fn unfold(
    (input, from): (&[f32], Shape),
    (output, to): (&mut [f32], Shape),
    weights: &[f32],
    bias: f32,
    side: usize,
) {
    for (index, pixel) in input.chunks_exact(from.channels).enumerate() {
        let (y, x) = (index / from.width * side, index % from.width * side);
        for (tap, weights) in weights.chunks_exact(from.channels).enumerate() {
            let sum: f32 = pixel.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            output[(y + tap / side) * to.width + x + tap % side] = bias + sum;
        }
    }
}

/// The mean of each channel.
pub(super) fn mean(input: &[f32], output: &mut [f32]) {
    let channels = output.len();
    output.fill(0.0);
    for pixel in input.chunks_exact(channels) {
        for (sum, value) in output.iter_mut().zip(pixel) {
            *sum += value;
        }
    }
    let count = (input.len() / channels) as f32;
    for sum in output {
        *sum /= count;
    }
}

/// Larger or smaller, between the centres of pixels.
pub(super) fn resize((input, from): (&[f32], Shape), (output, to): (&mut [f32], Shape)) {
    let place = |index: usize, from: usize, to: usize| {
        let at = ((index as f32 + 0.5) * from as f32 / to as f32 - 0.5).max(0.0);
        let low = (at as usize).min(from - 1);
        (low, (low + 1).min(from - 1), at - low as f32)
    };
    let channels = from.channels;
    for (index, pixel) in output.chunks_exact_mut(channels).enumerate() {
        let (top, bottom, down) = place(index / to.width, from.height, to.height);
        let (left, right, across) = place(index % to.width, from.width, to.width);
        let at = |y: usize, x: usize| &input[(y * from.width + x) * channels..][..channels];
        let (a, b, c, d) = (at(top, left), at(top, right), at(bottom, left), at(bottom, right));
        for (channel, value) in pixel.iter_mut().enumerate() {
            let above = a[channel] + (b[channel] - a[channel]) * across;
            let below = c[channel] + (d[channel] - c[channel]) * across;
            *value = above + (below - above) * down;
        }
    }
}

/// Value by value.
pub(super) fn relu(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

/// Value by value.
pub(super) fn hard_swish(values: &mut [f32]) {
    for value in values {
        *value *= (*value + 3.0).clamp(0.0, 6.0) / 6.0;
    }
}

/// Value by value.
pub(super) fn logistic(values: &mut [f32]) {
    for value in values {
        *value = 1.0 / (1.0 + (-*value).exp());
    }
}

/// Two pictures, or a picture and one pixel for all of it.
pub(super) fn combine(one: &[f32], other: &[f32], output: &mut [f32], function: fn(f32, f32) -> f32) {
    for (output, one) in output.chunks_exact_mut(other.len()).zip(one.chunks_exact(other.len())) {
        for ((output, one), other) in output.iter_mut().zip(one).zip(other) {
            *output = function(*one, *other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Shape = Shape { height: 7, width: 9, channels: 5 };

    /// Numbers without a pattern.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn close(one: &[f32], other: &[f32]) {
        assert_eq!(one.len(), other.len());
        for (index, (one, other)) in one.iter().zip(other).enumerate() {
            assert!((one - other).abs() < 1e-4, "{index}: {one} is not {other}");
        }
    }

    fn window(side: usize, stride: usize, before: usize) -> Window {
        Window {
            height: side,
            width: side,
            stride_y: stride,
            stride_x: stride,
            before_y: before,
            before_x: before,
        }
    }

    /// Straight from the definition, one sum after the other.
    fn plainly(input: &[f32], to: Shape, weights: &[f32], bias: &[f32], window: Window) -> Vec<f32> {
        let mut output = Vec::new();
        for y in 0..to.height {
            for x in 0..to.width {
                for (channel, bias) in bias.iter().enumerate() {
                    let mut sum = *bias;
                    for dy in 0..window.height {
                        for dx in 0..window.width {
                            for from in 0..FROM.channels {
                                let py = (y * window.stride_y + dy) as i64 - window.before_y as i64;
                                let px = (x * window.stride_x + dx) as i64 - window.before_x as i64;
                                if py < 0 || px < 0 || py >= 7 || px >= 9 {
                                    continue;
                                }
                                let weight = ((channel * window.height + dy) * window.width + dx)
                                    * FROM.channels
                                    + from;
                                let value = (py as usize * FROM.width + px as usize) * FROM.channels + from;
                                sum += input[value] * weights[weight];
                            }
                        }
                    }
                    output.push(sum);
                }
            }
        }
        output
    }

    #[test]
    fn a_convolution_is_what_the_definition_says() {
        for (side, stride, before, height, width) in [(1, 1, 0, 7, 9), (3, 2, 1, 4, 5), (5, 1, 2, 7, 9)] {
            for outputs in [1, 8, 11] {
                let to = Shape { height, width, channels: outputs };
                let input = numbers(FROM.len(), 1);
                let weights = numbers(outputs * side * side * FROM.channels, 2);
                let bias = numbers(outputs, 3);
                let mut output = vec![f32::NAN; to.len()];
                let packed = Weights::new(&weights, &bias, outputs);
                let window = window(side, stride, before);
                convolve((&input, FROM), (&mut output, to), &packed, window, &mut Vec::new());
                close(&output, &plainly(&input, to, &weights, &bias, window));
            }
        }
    }

    #[test]
    fn a_depthwise_convolution_is_one_whose_other_weights_are_zero() {
        let to = Shape { height: 4, width: 5, channels: 5 };
        let input = numbers(FROM.len(), 4);
        let (weights, bias) = (numbers(9 * 5, 5), numbers(5, 6));
        let mut full = vec![0.0; 5 * 9 * 5];
        for channel in 0..5 {
            for tap in 0..9 {
                full[(channel * 9 + tap) * 5 + channel] = weights[tap * 5 + channel];
            }
        }
        let mut output = vec![f32::NAN; to.len()];
        convolve_depthwise((&input, FROM), (&mut output, to), &weights, &bias, window(3, 2, 1));
        close(&output, &plainly(&input, to, &full, &bias, window(3, 2, 1)));
    }

    #[test]
    fn a_picture_twice_as_large_lies_between_the_centres() {
        let from = Shape { height: 1, width: 2, channels: 1 };
        let to = Shape { height: 2, width: 4, channels: 1 };
        let mut output = [0.0; 8];
        resize((&[0.0, 1.0], from), (&mut output, to));
        close(&output, &[0.0, 0.25, 0.75, 1.0, 0.0, 0.25, 0.75, 1.0]);
    }

    #[test]
    fn unfolding_writes_a_square_for_each_pixel() {
        let from = Shape { height: 1, width: 2, channels: 2 };
        let to = Shape { height: 2, width: 4, channels: 1 };
        let weights = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 0.0];
        let mut output = [0.0; 8];
        unfold((&[1.0, 2.0, 3.0, 4.0], from), (&mut output, to), &weights, 0.5, 2);
        close(&output, &[1.5, 2.5, 3.5, 4.5, 3.5, 2.5, 7.5, 6.5]);
    }

    #[test]
    fn value_by_value() {
        let mut values = [-4.0, -1.0, 0.0, 1.0, 4.0];
        hard_swish(&mut values);
        close(&values, &[0.0, -1.0 / 3.0, 0.0, 2.0 / 3.0, 4.0]);
        let mut values = [0.0, 2.0];
        logistic(&mut values);
        close(&values, &[0.5, 0.880_797]);
        let mut output = [0.0; 4];
        combine(&[1.0, 2.0, 3.0, 4.0], &[10.0, 100.0], &mut output, |one, other| one * other);
        close(&output, &[10.0, 200.0, 30.0, 400.0]);
        let mut output = [0.0; 2];
        mean(&[1.0, 2.0, 3.0, 6.0], &mut output);
        close(&output, &[2.0, 4.0]);
    }
}
