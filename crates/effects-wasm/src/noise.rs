//! Takes noise out of speech: RNNoise's network.

use nnnoiseless::DenoiseState;

/// Samples that are processed together: 10 ms at 48 kHz.
pub const FRAME: usize = DenoiseState::FRAME_SIZE;

/// The network reads samples of 16 bits; browsers have samples from -1 to 1.
const SCALE: f32 = 32_768.0;

/// One channel of sound.
pub struct Noise {
    state: Box<DenoiseState<'static>>,
    input: [f32; FRAME],
}

impl Default for Noise {
    fn default() -> Self {
        Self { state: DenoiseState::new(), input: [0.0; FRAME] }
    }
}

impl Noise {
    /// Takes the noise out of a frame. What comes out was put in one frame ago: the network's windows overlap.
    pub fn process(&mut self, frame: &mut [f32; FRAME]) {
        // Digital silence stays silence, and the network does not learn from it: a muted microphone.
        for (input, sample) in self.input.iter_mut().zip(frame.iter()) {
            *input = if sample.is_finite() { sample.clamp(-1.0, 1.0) * SCALE } else { 0.0 };
        }
        self.state.process_frame(frame, &self.input);
        for sample in frame {
            *sample = (*sample / SCALE).clamp(-1.0, 1.0);
        }
    }
}
