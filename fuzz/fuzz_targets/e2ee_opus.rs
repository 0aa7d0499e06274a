#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tangelo_fuzz_targets::e2ee_opus(data));
