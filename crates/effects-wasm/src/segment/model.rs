//! A model file (TensorFlow Lite's format) to the steps of a network. Knows the layers that MediaPipe's selfie
//! segmentation has, and refuses every other.

use std::collections::HashMap;

use super::BadModel;
use super::flatbuffer::Table;
use super::kernels::{Shape, Weights, Window};

/// What is done with values.
pub(super) enum Layer {
    Convolve { weights: Weights, window: Window },
    ConvolveDepthwise { weights: Vec<f32>, bias: Vec<f32>, window: Window },
    Unfold { weights: Vec<f32>, bias: f32, side: usize },
    Mean,
    Resize,
    Relu,
    HardSwish,
    Logistic,
    Add(usize),
    Multiply(usize),
}

/// A layer, the values that it reads, and those that it makes. `Add` and `Multiply` read others too.
pub(super) struct Step {
    pub(super) layer: Layer,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A network: from the values `input` to the values `output`.
pub(super) struct Model {
    pub(super) steps: Vec<Step>,
    /// Of all values, by number.
    pub(super) shapes: HashMap<usize, Shape>,
    pub(super) input: usize,
    pub(super) output: usize,
}

// Numbers of the format's schema.
const FLOAT32: u8 = 0;
const FLOAT16: u8 = 1;
const SAME_PADDING: u8 = 0;
const ADD: usize = 0;
const AVERAGE_POOL: usize = 1;
const CONVOLVE: usize = 3;
const CONVOLVE_DEPTHWISE: usize = 4;
const DEQUANTIZE: usize = 6;
const LOGISTIC: usize = 14;
const MULTIPLY: usize = 18;
const RELU: usize = 19;
const RESIZE_BILINEAR: usize = 23;
const CUSTOM: usize = 32;
const MEAN: usize = 40;
const HARD_SWISH: usize = 117;

/// Larger ones are none of a network for video.
const VALUES_MAX: usize = 1 << 22;

impl Model {
    /// Reads a model file.
    pub(super) fn read(file: &[u8]) -> Result<Self, BadModel> {
        let root = Table::root(file)?;
        let graphs = root.tables(2)?;
        let [graph] = graphs.as_slice() else { return Err(BadModel("it has not exactly one graph")) };
        let mut reader = Reader {
            codes: root.tables(1)?,
            tensors: graph.tables(0)?,
            buffers: root.tables(4)?,
            constants: HashMap::new(),
            shapes: HashMap::new(),
        };
        let (inputs, outputs) = (graph.sizes(1)?, graph.sizes(2)?);
        let ([input], [output]) = (inputs.as_slice(), outputs.as_slice()) else {
            return Err(BadModel("it has not exactly one input and one output"));
        };
        let (input, output) = (*input, *output);
        reader.values(input)?;
        let mut steps = Vec::new();
        for operator in graph.tables(3)? {
            steps.extend(reader.step(&operator)?);
        }
        if !steps.iter().any(|step| step.to == output) {
            return Err(BadModel("nothing makes its output"));
        }
        Ok(Self { steps, shapes: reader.shapes, input, output })
    }
}

struct Reader<'a> {
    codes: Vec<Table<'a>>,
    tensors: Vec<Table<'a>>,
    buffers: Vec<Table<'a>>,
    /// Weights that were made 32 bits wide.
    constants: HashMap<usize, Vec<f32>>,
    /// Of all values that exist when the steps so far are done.
    shapes: HashMap<usize, Shape>,
}

impl Reader<'_> {
    /// What an operator does; nothing for one that only unpacks weights.
    fn step(&mut self, operator: &Table<'_>) -> Result<Option<Step>, BadModel> {
        let code = self.codes.get(operator.size(0, 0)?).ok_or(BadModel("an operator has no code"))?;
        let (kind, custom) = (code.size(3, 0)?.max(usize::from(code.byte(0)?)), code.bytes(1)?);
        let (inputs, outputs) = (operator.sizes(1)?, operator.sizes(2)?);
        let (Some(&from), [to]) = (inputs.first(), outputs.as_slice()) else {
            return Err(BadModel("an operator has no input, or not one output"));
        };
        if kind == DEQUANTIZE {
            let values = self.packed(from)?;
            self.constants.insert(*to, values);
            return Ok(None);
        }
        let shape = *self.shapes.get(&from).ok_or(BadModel("an operator comes before its input"))?;
        let made = self.values(*to)?;
        let options = operator.table(4)?;
        let other = || inputs.get(1).copied().ok_or(BadModel("an operator lacks an input"));
        let layer = match kind {
            CONVOLVE => {
                let options = options.ok_or(BadModel("a convolution has no options"))?;
                plain(options.byte(3)?, options.size(4, 1)?, options.size(5, 1)?)?;
                let [outputs, height, width, channels] = self.dimensions(other()?)?;
                if channels != shape.channels || outputs != made.channels {
                    return Err(BadModel("weights do not fit a convolution"));
                }
                let window = window(&options, (height, width), shape, made)?;
                let (weights, bias) = self.weights(&inputs, outputs)?;
                Layer::Convolve { weights: Weights::new(weights, bias, outputs), window }
            }
            CONVOLVE_DEPTHWISE => {
                let options = options.ok_or(BadModel("a convolution has no options"))?;
                plain(options.byte(4)?, options.size(5, 1)?, options.size(6, 1)?)?;
                let [_, height, width, channels] = self.dimensions(other()?)?;
                if channels != shape.channels || channels != made.channels || options.size(3, 0)? != 1 {
                    return Err(BadModel("weights do not fit a depthwise convolution"));
                }
                let window = window(&options, (height, width), shape, made)?;
                let (weights, bias) = self.weights(&inputs, channels)?;
                Layer::ConvolveDepthwise { weights: weights.to_vec(), bias: bias.to_vec(), window }
            }
            CUSTOM if custom == b"Convolution2DTransposeBias" => {
                let [outputs, side, width, channels] = self.dimensions(other()?)?;
                let fits = made.height == shape.height * side && made.width == shape.width * side;
                if outputs != 1 || side != width || channels != shape.channels || made.channels != 1 || !fits
                {
                    return Err(BadModel("weights do not fit a transposed convolution"));
                }
                let (weights, bias) = self.weights(&inputs, 1)?;
                Layer::Unfold { weights: weights.to_vec(), bias: bias[0], side }
            }
            MEAN if made.len() == shape.channels => Layer::Mean,
            AVERAGE_POOL if made.len() == shape.channels => Layer::Mean,
            RESIZE_BILINEAR if made.channels == shape.channels => {
                let options = options.ok_or(BadModel("resizing has no options"))?;
                if options.byte(2)? != 0 || options.byte(3)? == 0 {
                    return Err(BadModel("resizing is not between the centres of pixels"));
                }
                Layer::Resize
            }
            RELU if made == shape => Layer::Relu,
            HARD_SWISH if made == shape => Layer::HardSwish,
            LOGISTIC if made == shape => Layer::Logistic,
            ADD | MULTIPLY if made == shape => {
                if options.map_or(Ok(0), |options| options.byte(0))? != 0 {
                    return Err(BadModel("an operator has another inside"));
                }
                let other = other()?;
                let second =
                    *self.shapes.get(&other).ok_or(BadModel("an operator comes before its input"))?;
                if second != shape && second != (Shape { height: 1, width: 1, channels: shape.channels }) {
                    return Err(BadModel("two inputs do not fit each other"));
                }
                if kind == ADD { Layer::Add(other) } else { Layer::Multiply(other) }
            }
            _ => return Err(BadModel("it has an operator that is not known here")),
        };
        Ok(Some(Step { layer, from, to: *to }))
    }

    /// Notes values that a step makes, or the network gets.
    fn values(&mut self, number: usize) -> Result<Shape, BadModel> {
        let [_, height, width, channels] = self.dimensions(number)?;
        if self.shapes.insert(number, Shape { height, width, channels }).is_some() {
            return Err(BadModel("two operators make the same values"));
        }
        Ok(Shape { height, width, channels })
    }

    /// Four sizes, none of them zero.
    fn dimensions(&self, number: usize) -> Result<[usize; 4], BadModel> {
        let sizes = self.tensor(number)?.sizes(0)?;
        let sizes: [usize; 4] = sizes.try_into().map_err(|_| BadModel("values have not four dimensions"))?;
        let count = sizes.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        match count {
            Some(1..=VALUES_MAX) => Ok(sizes),
            _ => Err(BadModel("values are none or too many")),
        }
    }

    /// The second and third input of a convolution: weights and bias.
    fn weights(&self, inputs: &[usize], outputs: usize) -> Result<(&[f32], &[f32]), BadModel> {
        let &[_, weights, bias] = inputs else { return Err(BadModel("a convolution has not three inputs")) };
        let count: usize = self.dimensions(weights)?.iter().product();
        let constant = |number: usize| self.constants.get(&number).ok_or(BadModel("weights are missing"));
        let (weights, bias) = (constant(weights)?, constant(bias)?);
        if weights.len() == count && bias.len() == outputs {
            Ok((weights, bias))
        } else {
            Err(BadModel("weights have the wrong size"))
        }
    }

    /// The numbers that the file has for a tensor, as 32 bits.
    fn packed(&self, number: usize) -> Result<Vec<f32>, BadModel> {
        let tensor = self.tensor(number)?;
        let buffer = self.buffers.get(tensor.size(2, 0)?).ok_or(BadModel("a tensor has no buffer"))?;
        let bytes = buffer.bytes(0)?;
        match tensor.byte(1)? {
            FLOAT16 => {
                Ok(bytes.as_chunks().0.iter().map(|half| from_half(u16::from_le_bytes(*half))).collect())
            }
            FLOAT32 => Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
            _ => Err(BadModel("weights are neither 16 nor 32 bits wide")),
        }
    }

    fn tensor(&self, number: usize) -> Result<&Table<'_>, BadModel> {
        self.tensors.get(number).ok_or(BadModel("an operator names values that are not there"))
    }
}

/// Neither an activation inside nor gaps between what the window sees.
fn plain(activation: u8, gap_x: usize, gap_y: usize) -> Result<(), BadModel> {
    if activation == 0 && gap_x == 1 && gap_y == 1 {
        Ok(())
    } else {
        Err(BadModel("a convolution has extras"))
    }
}

fn window(
    options: &Table<'_>,
    (height, width): (usize, usize),
    from: Shape,
    to: Shape,
) -> Result<Window, BadModel> {
    let (stride_x, stride_y) = (options.size(1, 0)?, options.size(2, 0)?);
    let same = options.byte(0)? == SAME_PADDING;
    let place = |from: usize, window: usize, stride: usize, to: usize| {
        let outside = ((to - 1) * stride + window).saturating_sub(from);
        let expected =
            if same { from.div_ceil(stride) } else { (from + stride).saturating_sub(window) / stride };
        (expected == to).then_some(if same { outside / 2 } else { 0 })
    };
    if !(1..=8).contains(&stride_x) || !(1..=8).contains(&stride_y) {
        return Err(BadModel("a convolution has no sensible step"));
    }
    let places =
        (place(from.height, height, stride_y, to.height), place(from.width, width, stride_x, to.width));
    let (Some(before_y), Some(before_x)) = places else {
        return Err(BadModel("a convolution's output has the wrong size"));
    };
    Ok(Window { height, width, stride_y, stride_x, before_y, before_x })
}

/// IEEE 754 binary16.
fn from_half(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from((half >> 10) & 0x1f), f32::from(half & 0x3ff) / 1024.0);
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-14),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction) * 2.0_f32.powi(exponent - 15),
    };
    sign * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for (half, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(from_half(half).to_bits(), f32::to_bits(value), "{half:x}");
        }
        assert!(from_half(0x7c00).is_infinite() && from_half(0x7e00).is_nan());
    }
}
