//! Where the person is in a picture: runs MediaPipe's selfie segmentation, whose weights are in a file of its own.

mod flatbuffer;
mod kernels;
mod model;

use std::collections::HashMap;

use kernels::Shape;
use model::{Layer, Model, Step};

/// Why a file is no model that can be run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadModel(pub &'static str);

/// The network, and memory for what it computes.
pub struct Segmenter {
    model: Model,
    /// Which memory has which values.
    places: HashMap<usize, usize>,
    memory: Vec<Vec<f32>>,
    scratch: Vec<f32>,
}

impl Segmenter {
    /// Reads a model file.
    pub fn new(file: &[u8]) -> Result<Self, BadModel> {
        let model = Model::read(file)?;
        let input = model.shapes[&model.input];
        let output = model.shapes[&model.output];
        if input.channels != 3 || output != (Shape { channels: 1, ..input }) {
            return Err(BadModel("it does not make a mask from a picture"));
        }
        let (places, sizes) = places(&model);
        let memory = sizes.into_iter().map(|size| vec![0.0; size]).collect();
        Ok(Self { model, places, memory, scratch: Vec::new() })
    }

    /// Width and height of the picture that the network looks at.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let Shape { width, height, .. } = self.model.shapes[&self.model.input];
        (width, height)
    }

    /// How sure it is for each pixel that it shows a person, from 0 to 1. `rgba` has four bytes a pixel.
    pub fn run(&mut self, rgba: &[u8]) -> &[f32] {
        let input = self.places[&self.model.input];
        for (pixel, bytes) in self.memory[input].chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
            for (value, byte) in pixel.iter_mut().zip(bytes) {
                *value = f32::from(*byte) / 255.0;
            }
        }
        for index in 0..self.model.steps.len() {
            self.step(index);
        }
        let shape = self.model.shapes[&self.model.output];
        &self.memory[self.places[&self.model.output]][..shape.len()]
    }

    fn step(&mut self, index: usize) {
        let Step { layer, from, to } = &self.model.steps[index];
        let (shape, made) = (self.model.shapes[from], self.model.shapes[to]);
        // Layers that work in place have the same memory for both.
        let mut memory = std::mem::take(&mut self.memory[self.places[to]]);
        let output = &mut memory[..made.len()];
        let values = |number: usize| &self.memory[self.places[&number]][..self.model.shapes[&number].len()];
        let in_place = self.places[from] == self.places[to];
        if !in_place && layer.changes_values() {
            output.copy_from_slice(values(*from));
        }
        match layer {
            Layer::Convolve { weights, window } => {
                let scratch = &mut self.scratch;
                kernels::convolve((values(*from), shape), (output, made), weights, *window, scratch);
            }
            Layer::ConvolveDepthwise { weights, bias, window } => {
                kernels::convolve_depthwise((values(*from), shape), (output, made), weights, bias, *window);
            }
            Layer::Unfold { weights, bias, side } => {
                kernels::unfold((values(*from), shape), (output, made), weights, *bias, *side);
            }
            Layer::Mean => kernels::mean(values(*from), output),
            Layer::Resize => kernels::resize((values(*from), shape), (output, made)),
            Layer::Relu => kernels::relu(output),
            Layer::HardSwish => kernels::hard_swish(output),
            Layer::Logistic => kernels::logistic(output),
            Layer::Add(other) => {
                kernels::combine(values(*from), values(*other), output, |one, other| one + other);
            }
            Layer::Multiply(other) => {
                kernels::combine(values(*from), values(*other), output, |one, other| one * other);
            }
        }
        self.memory[self.places[to]] = memory;
    }
}

impl Layer {
    /// Whether it changes each value by itself, so that it can work in place.
    fn changes_values(&self) -> bool {
        matches!(self, Self::Relu | Self::HardSwish | Self::Logistic)
    }

    /// What it reads besides its first input.
    fn other(&self) -> Option<usize> {
        match self {
            Self::Add(other) | Self::Multiply(other) => Some(*other),
            _ => None,
        }
    }
}

/// Which memory each step's values go to, and how large each memory is: what nobody reads any more is used again.
fn places(model: &Model) -> (HashMap<usize, usize>, Vec<usize>) {
    let mut last_reader = HashMap::from([(model.output, usize::MAX)]);
    for (index, Step { layer, from, .. }) in model.steps.iter().enumerate() {
        for values in [Some(*from), layer.other()].into_iter().flatten() {
            let last = last_reader.entry(values).or_insert(index);
            *last = (*last).max(index);
        }
    }
    let read_later = |values: usize, index: usize| last_reader.get(&values).is_some_and(|last| *last > index);
    let mut places = HashMap::from([(model.input, 0)]);
    let mut sizes = vec![model.shapes[&model.input].len()];
    let mut free: Vec<usize> = Vec::new();
    for (index, Step { layer, from, to }) in model.steps.iter().enumerate() {
        let size = model.shapes[to].len();
        let last_use = !read_later(*from, index);
        if layer.changes_values() && last_use {
            places.insert(*to, places[from]);
            continue;
        }
        let place = free.pop().unwrap_or_else(|| {
            sizes.push(0);
            sizes.len() - 1
        });
        sizes[place] = sizes[place].max(size);
        places.insert(*to, place);
        for values in [Some(*from), layer.other()].into_iter().flatten() {
            if !read_later(values, index) && !free.contains(&places[&values]) {
                free.push(places[&values]);
            }
        }
    }
    (places, sizes)
}
