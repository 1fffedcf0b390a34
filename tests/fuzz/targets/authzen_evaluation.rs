//! `cargo xtask fuzz --target authzen_evaluation`; what it asserts is in `tests/src/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    placet_tests::fuzz::authzen_evaluation(data);
});
