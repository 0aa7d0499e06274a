//! What the noise suppression lets through: measured with sounds made here, because nobody's voice is in the repository.

use std::f32::consts::TAU;

use tangelo_effects_wasm::{FRAME, Noise};

const RATE: f32 = 48_000.0;
const SECONDS: usize = 4;

/// Numbers from -1 to 1 without a pattern.
fn noise(count: usize) -> Vec<f32> {
    let mut state: u64 = 9;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Noise as rooms have it, mostly low.
fn fan(count: usize) -> Vec<f32> {
    let mut level = 0.0;
    let mut next = |sample: f32| {
        level = 0.97 * level + 0.03 * sample;
        0.2 * level
    };
    noise(count).into_iter().map(&mut next).collect()
}

/// A voice that sings vowels: the harmonics of a gliding pitch, louder around the formants of "a", "e", "i", and "o" in turn,
/// in syllables with pauses.
fn vowels(count: usize) -> Vec<f32> {
    const FORMANTS: [[f32; 3]; 4] =
        [[730.0, 1090.0, 2440.0], [530.0, 1840.0, 2480.0], [270.0, 2290.0, 3010.0], [570.0, 840.0, 2410.0]];
    let mut phase = 0.0;
    (0..count)
        .map(|index| {
            let time = index as f32 / RATE;
            let pitch = 125.0 + 20.0 * (TAU * 0.7 * time).sin() + 3.0 * (TAU * 5.0 * time).sin();
            phase = (phase + pitch / RATE) % 1.0;
            let formants = FORMANTS[(time / 0.25) as usize % 4];
            let syllable = (time % 0.25) / 0.25;
            let loudness = if syllable < 0.8 { (syllable / 0.8 * TAU / 2.0).sin() } else { 0.0 };
            let sum: f32 = (1..=28)
                .map(|harmonic| {
                    let frequency = pitch * harmonic as f32;
                    let near = |formant: f32| (-((frequency - formant) / 110.0).powi(2)).exp();
                    let strength: f32 = 0.02 + formants.iter().map(|formant| near(*formant)).sum::<f32>();
                    strength / (harmonic as f32).sqrt() * (TAU * phase * harmonic as f32).sin()
                })
                .sum();
            0.12 * loudness * sum
        })
        .collect()
}

fn process(samples: &[f32]) -> Vec<f32> {
    let mut noise = Noise::default();
    let mut output = Vec::new();
    for chunk in samples.as_chunks::<FRAME>().0 {
        let mut frame = *chunk;
        noise.process(&mut frame);
        output.extend(frame);
    }
    output
}

/// Of the last three seconds: at first the network only gets to know the sound.
fn energy(samples: &[f32]) -> f32 {
    samples[samples.len() / SECONDS..].iter().map(|sample| sample * sample).sum()
}

/// What is left of the energy, in decibels.
fn left(samples: &[f32]) -> f32 {
    10.0 * (energy(&process(samples)) / energy(samples)).log10()
}

#[test]
fn noise_goes_and_a_voice_stays() {
    let count = SECONDS * RATE as usize;
    let (fan, hiss) = (left(&fan(count)), left(&noise(count)));
    let voice = left(&vowels(count));
    println!(
        "left of a fan: {fan:.1} dB, of loud hiss as high as one can hear: {hiss:.1} dB, of a voice: {voice:.1} dB"
    );
    assert!(fan < -25.0, "{fan}");
    assert!(hiss < -0.5, "{hiss}");
    assert!(voice > -1.0, "{voice}");
}

#[test]
fn a_voice_in_noise_is_nearer_to_the_voice_than_before() {
    let count = SECONDS * RATE as usize;
    let voice = vowels(count);
    let mixed: Vec<f32> = voice.iter().zip(noise(count)).map(|(voice, noise)| voice + 0.02 * noise).collect();
    // What comes out was put in one frame ago.
    let error = |samples: &[f32], late: usize| {
        let difference: Vec<f32> =
            samples[late..].iter().zip(&voice).map(|(one, other)| one - other).collect();
        10.0 * (energy(&difference) / energy(&voice)).log10()
    };
    let (before, after) = (error(&mixed, 0), error(&process(&mixed), FRAME));
    println!("what is not the voice: {before:.1} dB before, {after:.1} dB after");
    assert!(after < before - 2.0, "{before} {after}");
}

#[test]
fn silence_stays_silence_and_nonsense_becomes_no_noise() {
    assert!(process(&[0.0; 48_000]).iter().all(|sample| *sample == 0.0));
    let mut noise = Noise::default();
    for _ in 0..3 {
        let mut frame = [f32::NAN; FRAME];
        noise.process(&mut frame);
        assert!(frame.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
    }
}

#[test]
fn after_a_voice_a_muted_microphone_is_silent_within_two_frames() {
    let mut samples = vowels(48_000);
    samples.resize(48_000 + 10 * FRAME, 0.0);
    let output = process(&samples);
    assert!(output[48_000 + 2 * FRAME..].iter().all(|sample| sample.abs() < 1e-4));
}
