#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tangelo_fuzz_targets::wire_signed(data));
