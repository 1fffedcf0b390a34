//! `cargo xtask fuzz --target tlog_proof`; what it asserts is in `tests/src/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    placet_tests::fuzz::tlog_proof(data);
});
