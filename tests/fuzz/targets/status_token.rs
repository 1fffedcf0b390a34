//! `cargo xtask fuzz --target status_token`; what it asserts is in `tests/src/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    placet_tests::fuzz::status_token(data);
});
