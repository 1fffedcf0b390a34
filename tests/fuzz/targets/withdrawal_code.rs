//! `cargo xtask fuzz --target withdrawal_code`; what it asserts is in `tests/src/fuzz/`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    placet_tests::fuzz::withdrawal_code(data);
});
