//! A dishonest operator: with a copy of a node's keys it signs what is not true, and shows what becomes of it.
//!
//! ```text
//! cargo run --example dishonest_operator -- --node DIR --trust TRUST --answer ANSWER --head HEAD --evidence BUNDLE --out OUT
//! ```
//! `--node` is the node's folder, for its keys. What the honest node signed before comes from those to whom it was signed:
//! `--answer` is the ledger's answer to a person's narrowing or withdrawal (`placet wallet show CONSENT --json`, the member
//! `answer` of a record), `--head` the head of the brand's feed (the member `head` in the file of `placet brand consents
//! --state`), `--evidence` the bundle of her consent (`placet wallet show CONSENT --evidence`).
//!
//! Each deed but the last ends in a file that `placet verify` takes for proof. A time is the word of whoever cosigned: with
//! witnesses in the trust file the own cosigner's counts for nothing; without, the record's own time still stands, which only
//! its signer could have changed.
//!
//! | deed | what comes of it |
//! |---|---|
//! | sign another tree of the same size; another, larger history | fork |
//! | sign another feed of the same size; a feed that ends earlier | feed fork |
//! | leave an acknowledged event out of its feed, or put another in its place | acknowledgement against head |
//! | deny an event that was acknowledged; that the own tree contains | attestation against event |
//! | log an old grant again, so that its withdrawal seems undone | attestation against event |
//! | sign an old time on a checkpoint, with the own cosigner | a bundle in which the consent was not in force then |
//!
//! `forged-head.json` and `forged-acknowledgement.json` are what a brand would hold if the operator had said so before: the
//! tests put them into its memory.

#[path = "../src/demo/dishonest.rs"]
mod dishonest;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Parser as _;
use placet_kernel::bundle::{self, Verdict};
use placet_kernel::misbehaviour;
use placet_kernel::trust::Trust;

use dishonest::Operator;

/// How far back the operator would like the time to be, in seconds.
const BACK: u64 = 365 * 86_400;

/// What the operator has.
#[derive(Debug, clap::Parser)]
struct Args {
    /// The node's folder
    #[arg(long)]
    node: PathBuf,
    /// The trust file by which a judge will judge
    #[arg(long)]
    trust: PathBuf,
    /// The ledger's answer to a narrowing or withdrawal
    #[arg(long)]
    answer: PathBuf,
    /// The signed head of the brand's feed
    #[arg(long)]
    head: PathBuf,
    /// The evidence bundle of the consent
    #[arg(long)]
    evidence: PathBuf,
    /// Where the files go
    #[arg(long)]
    out: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let operator = Operator::load(&args.node, &args.answer, &args.head, &args.evidence)?;
    let trust = Trust::parse(&fs::read(&args.trust)?)?;
    let now = operator.now();
    fs::create_dir_all(&args.out)?;
    for (deed, bytes) in operator.deeds()? {
        let report = misbehaviour::verify(&bytes, Some(&trust), now)?;
        say(&args.out, deed, &bytes, &format!("{:?}", report.proved))?;
        ensure!(report.proved == Verdict::Holds, "{deed} is not proved: {report:?}");
    }
    let past = now.minus_seconds(BACK);
    let bytes = operator.backdate(past)?;
    let verdict = bundle::verify(&bytes, Some(&trust), now, Some(past))?.in_force;
    say(&args.out, "backdated", &bytes, &format!("{verdict:?} for that time"))?;
    let [head, acknowledgement] = operator.forgeries()?;
    fs::write(args.out.join("forged-head.json"), head)?;
    fs::write(args.out.join("forged-acknowledgement.json"), acknowledgement)?;
    Ok(())
}

fn say(out: &Path, deed: &str, bytes: &[u8], verdict: &str) -> Result<()> {
    let path = out.join(format!("{deed}.json"));
    fs::write(&path, bytes)?;
    writeln!(io::stdout(), "{deed:<22} {verdict:<26} {}", path.display())?;
    Ok(())
}
