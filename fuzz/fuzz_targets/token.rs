#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tangelo_fuzz_targets::token(data));
