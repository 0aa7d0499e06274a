//! What web/src/effects/core.ts calls. Each worklet or worker has an instance of its own, with one sound or one picture.
//! Addresses stay valid until the next `noise_start` or `model_memory`; views of the memory do not, when it grows.
#![expect(unsafe_code, reason = "a name without mangling counts as unsafe; nothing else here is")]

use std::cell::RefCell;

use crate::{FRAME, Noise, Segmenter, Veil, blur_background};

struct Sound {
    noise: Noise,
    frame: Box<[f32; FRAME]>,
}

struct Picture {
    segmenter: Segmenter,
    veil: Veil,
    /// RGBA.
    pixels: Vec<u8>,
    /// RGBA, of which only A says something.
    mask: Vec<u8>,
}

thread_local! {
    static SOUND: RefCell<Option<Sound>> = const { RefCell::new(None) };
    static MODEL: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static PICTURE: RefCell<Option<Picture>> = const { RefCell::new(None) };
}

/// Begins a sound. Returns where its frames of 480 samples of 32 bits are put and taken.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn noise_start() -> *mut f32 {
    SOUND.with_borrow_mut(|sound| {
        let sound = sound.insert(Sound { noise: Noise::default(), frame: Box::new([0.0; FRAME]) });
        sound.frame.as_mut_ptr()
    })
}

/// Processes the frame in place.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn noise_process() {
    SOUND.with_borrow_mut(|sound| {
        if let Some(Sound { noise, frame }) = sound {
            noise.process(frame);
        }
    });
}

/// Where the model file is put, of so many bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn model_memory(bytes: usize) -> *mut u8 {
    MODEL.with_borrow_mut(|model| {
        *model = vec![0; bytes];
        model.as_mut_ptr()
    })
}

/// Reads the model file and begins a picture. 0 if it is no model that can be run here.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_start() -> u32 {
    let file = MODEL.take();
    PICTURE.with_borrow_mut(|picture| {
        *picture = Segmenter::new(&file).ok().map(|segmenter| {
            let (width, height) = segmenter.size();
            Picture {
                segmenter,
                veil: Veil::new(width, height),
                pixels: vec![0; 4 * width * height],
                mask: vec![0; 4 * width * height],
            }
        });
        u32::from(picture.is_some())
    })
}

/// How wide pixels and mask are.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_width() -> usize {
    PICTURE.with_borrow(|picture| picture.as_ref().map_or(0, |picture| picture.segmenter.size().0))
}

/// How high pixels and mask are.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_height() -> usize {
    PICTURE.with_borrow(|picture| picture.as_ref().map_or(0, |picture| picture.segmenter.size().1))
}

/// Where the picture's pixels are put, RGBA.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_pixels() -> *mut u8 {
    PICTURE.with_borrow_mut(|picture| match picture {
        Some(picture) => picture.pixels.as_mut_ptr(),
        None => std::ptr::null_mut(),
    })
}

/// Where the mask is taken, RGBA: A is 255 where the person is.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_mask() -> *const u8 {
    PICTURE.with_borrow(|picture| picture.as_ref().map_or(std::ptr::null(), |picture| picture.mask.as_ptr()))
}

/// Makes the mask of the pixels.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_segment() {
    PICTURE.with_borrow_mut(|picture| {
        if let Some(Picture { segmenter, veil, pixels, mask }) = picture {
            veil.follow(segmenter.run(pixels), mask);
        }
    });
}

/// Blurs the pixels in place, so that nothing of the person, as the mask has it, gets into the rest.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn picture_blur() {
    PICTURE.with_borrow_mut(|picture| {
        if let Some(Picture { segmenter, veil: _, pixels, mask }) = picture {
            blur_background(pixels, mask, segmenter.size().0);
        }
    });
}
