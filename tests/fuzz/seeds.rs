//! Writes into the folder `PLACET_FUZZ_SEEDS`, for each target, a folder `<target>/` with inputs that it accepts, and
//! `<target>.dict` with the words of its format. All code here is compiled for libFuzzer, and links only into what has
//! libFuzzer's `main`: so this is a target too, which ends before it begins.
#![no_main]

use std::path::PathBuf;
use std::{env, fs, io, process};

use placet_tests::fuzz::{TARGETS, dictionary};

libfuzzer_sys::fuzz_target!(
    init: end(write()),
    |_data: &[u8]| {}
);

fn end(written: io::Result<()>) {
    match written {
        Ok(()) => process::exit(0),
        Err(error) => panic!("{error}"),
    }
}

fn write() -> io::Result<()> {
    let folder = env::var_os("PLACET_FUZZ_SEEDS").map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("PLACET_FUZZ_SEEDS names no folder"))?;
    for target in TARGETS {
        let seeds = folder.join(target.name);
        fs::create_dir_all(&seeds)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(seeds.join(format!("seed-{number}")), seed)?;
        }
        fs::write(folder.join(format!("{}.dict", target.name)), dictionary(target))?;
    }
    Ok(())
}
