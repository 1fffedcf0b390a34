//! `cargo xtask fuzz --target body_access_lines`; what it asserts is in `tests/src/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    placet_tests::fuzz::body_access_lines(data);
});
