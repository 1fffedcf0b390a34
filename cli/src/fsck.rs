//! `placet fsck`: checks a log's files, and with the node's folder every row of its databases.

mod files;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use placet_kernel::trust::Trust;
use placet_ledger::{FsckReport, Keys, MAX_FINDINGS, Published};
use serde::Serialize;

use crate::output::{self, Output};
use crate::progress::Progress;
use crate::{node, verify, wait};
use source::Source;

/// Check a whole log, and what a node stores
///
/// With an address or a folder of log files: rebuilds root and every tile from the entries, and checks the signatures. With
/// a node's folder, which holds its databases and keys: compares every row with a replay of the log too. Nothing is changed,
/// and the node may run. Exit status: 0 all is well, 1 something is damaged, 2 cannot tell for want of keys, 3 nothing could
/// be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node's folder, a folder of log files, or the address of a node
    #[arg(value_name = "DIR|URL")]
    target: String,
    /// Trust file with the log's keys; the one in the node's folder without it
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    trust: Option<PathBuf>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Weight {
    Pending,
    CannotTell,
    Damaged,
}

#[derive(Debug, Clone, Serialize)]
struct Finding {
    weight: Weight,
    code: &'static str,
    place: String,
    what: String,
    mend: &'static str,
}

/// What was found, by code.
#[derive(Debug, Default, Serialize)]
struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<&'static str, u64>,
    /// Of all, also of those that are only counted.
    #[serde(skip)]
    worst: Option<Weight>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    origin: String,
    size: u64,
    signed: bool,
    witnesses: usize,
    /// What was replayed; nothing without the databases.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<Replayed>,
    findings: Findings,
}

#[derive(Serialize)]
struct Replayed {
    records: u64,
    consents: u64,
    /// Records whose opening was destroyed.
    destroyed: u64,
    /// Cosignatures that were verified, and those of witnesses that the trust file does not name.
    cosignatures: u64,
    unknown_cosignatures: u64,
}

pub(crate) fn run(args: &Args, out: &Output) -> ExitCode {
    match check(args) {
        Ok(report) => {
            if let Err(error) = out.result(&report, text) {
                output::complain(&output::sentence(&error));
            }
            ExitCode::from(match report.findings.worst {
                Some(Weight::Damaged) => 1,
                Some(Weight::CannotTell) => 2,
                Some(Weight::Pending) | None => 0,
            })
        }
        Err(error) => {
            output::complain(&output::sentence(&error));
            ExitCode::from(verify::UNREADABLE)
        }
    }
}

fn check(args: &Args) -> Result<Report> {
    let source = Source::open(&args.target)?;
    let folder = PathBuf::from(&args.target);
    let own = folder.join(node::TRUST_FILE);
    let trust = match (&args.trust, own.is_file()) {
        (Some(path), _) => Some(node::read_trust(path)?),
        (None, true) => Some(node::read_trust(&own)?),
        (None, false) => None,
    };
    let mut findings = Findings::default();
    let seen = files::checkpoint(&source, trust.as_ref(), &mut findings)?;
    files::rebuild(&source, &seen.checkpoint, &mut findings)?;
    files::leftovers(&source, seen.checkpoint.size(), &mut findings)?;
    let replayed = match node::has_keys(&folder) {
        true => Some(replay(&folder, &seen, trust.as_ref(), &mut findings)?),
        false => None,
    };
    Ok(Report {
        origin: seen.checkpoint.origin().to_string(),
        size: seen.checkpoint.size(),
        signed: seen.signed,
        witnesses: seen.witnesses,
        replayed,
        findings,
    })
}

fn replay(folder: &Path, seen: &files::Seen, trust: Option<&Trust>, findings: &mut Findings) -> Result<Replayed> {
    let keys: Keys = node::load(folder)?;
    let origin = seen.checkpoint.origin().clone();
    let witnesses = trust.into_iter().flat_map(Trust::witnesses);
    let published = Published {
        size: seen.checkpoint.size(),
        root: seen.checkpoint.root(),
        witnesses: witnesses.map(|(_, key)| key.clone()).collect(),
    };
    let progress = std::sync::OnceLock::new();
    let told = |done: u64, total: u64| {
        let bar = progress.get_or_init(|| Progress::new("databases", total, "records"));
        bar.set(done);
    };
    let report: FsckReport = wait(async { Ok(placet_ledger::fsck(folder, origin, keys, &published, &told).await?) })?;
    let done = Replayed {
        records: report.records,
        consents: report.consents,
        destroyed: report.destroyed,
        cosignatures: report.cosignatures,
        unknown_cosignatures: report.unknown_cosignatures,
    };
    findings.take(report);
    Ok(done)
}

impl Findings {
    fn add(&mut self, weight: Weight, code: &'static str, place: &str, what: &str) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        self.worst = self.worst.max(Some(weight));
        if *count <= MAX_FINDINGS {
            self.list.push(Finding {
                weight,
                code,
                place: place.to_owned(),
                what: what.to_owned(),
                mend: mend(code),
            });
        }
    }

    fn merge(&mut self, other: Self) {
        for finding in other.list {
            self.add(finding.weight, finding.code, &finding.place, &finding.what);
        }
        self.worst = self.worst.max(other.worst);
        self.count(other.counts);
    }

    /// Adds those that were only counted.
    fn count(&mut self, counts: BTreeMap<&'static str, u64>) {
        for (code, count) in counts {
            *self.counts.entry(code).or_default() += count.saturating_sub(MAX_FINDINGS);
        }
    }

    fn take(&mut self, report: FsckReport) {
        let weight = |weight| match weight {
            placet_ledger::Weight::Pending => Weight::Pending,
            placet_ledger::Weight::Damaged => Weight::Damaged,
        };
        if report.is_damaged() {
            self.worst = Some(Weight::Damaged);
        }
        for found in report.findings {
            self.add(weight(found.weight), found.code, &found.place, &found.what);
        }
        self.count(report.counts);
    }
}

/// What to do about a finding.
fn mend(code: &str) -> &'static str {
    match code {
        "no_trust" | "log_untrusted" => "give the log's trust file with --trust",
        "checkpoint_unsigned" => {
            "compare the trust file with the log's keys; else take the checkpoint from another mirror"
        }
        "entries_missing" | "tile_missing" | "tile_differs" | "tile_changed" | "leaf_malformed" | "root_unknown" => {
            "of your own node: stop it, move log/ away, start it; all files are rendered from the database. Of somebody \
             else's: keep what you have, it may be evidence"
        }
        "root_differs" => "entries or checkpoint are not the log's: compare with a mirror or a witness, and keep both",
        "file_unknown" => "remove it",
        "rolled_back" => {
            "this database is older than the published log: find the newest one, and do not start this one"
        }
        "key_lost" => "restore keyring.db of the same moment; without it nobody can read these records any more",
        "file_ahead" => "nothing: the next start publishes it",
        "forked" => "keep both, start neither: one of them is not this log's history; a witness knows which was first",
        "keyring_beyond_head" => "nothing: the next start sweeps them",
        "destruction_unfinished" => "nothing: the node goes on with it; see `placet destructions`",
        "destroyed_meanwhile" => "check again while nothing is being destroyed",
        "withdrawal_unreadable" => {
            "restore keyring.db from a copy in which it opens; its sender holds the operator's word and can send it again"
        }
        "followers_waiting" => {
            "have those services run: each removes what it holds and says so; see `placet destructions`"
        }
        "destroyed_is_there" | "destroyed_without_record" | "destroyed_not_marked" => {
            "keep a copy of main.db, restore no older keyring, and have somebody look: what must be gone is there, or the \
             other way round"
        }
        "acknowledgement_differs" => "do not count on that follower's word: have the service remove and sign again",
        "withdrawals_waiting" => "nothing, if a witness is about to answer; see OPERATIONS",
        _ => "restore main.db and keyring.db of one moment that is not older than the published log, and check again",
    }
}

fn text(report: &Report) -> String {
    let mut text = format!("log        {}\nrecords    {}\n", report.origin, report.size);
    let signed = match (report.signed, report.witnesses) {
        (false, _) => "not checked".to_owned(),
        (true, 0) => "by the log; by no witness that the trust file names".to_owned(),
        (true, n) => format!("by the log and {n} witnesses"),
    };
    text.push_str(&format!("signed     {signed}\n"));
    match &report.replayed {
        Some(Replayed {
            records,
            consents,
            destroyed,
            cosignatures,
            unknown_cosignatures,
        }) => {
            text.push_str(&format!(
                "replayed   {records} records, {consents} consents, every row compared; {destroyed} records destroyed\n\
                 witnessed  {cosignatures} cosignatures verified; {unknown_cosignatures} by witnesses that the trust file does \
                 not name\n"
            ));
        }
        None => text.push_str("replayed   nothing: no databases here, only the log's files were checked\n"),
    }
    for finding in &report.findings.list {
        let Finding {
            weight,
            code,
            place,
            what,
            mend,
        } = finding;
        text.push_str(&format!(
            "\n{weight:?}: {code} at {place}\n  {what}\n  what to do: {mend}\n"
        ));
    }
    for (code, count) in report
        .findings
        .counts
        .iter()
        .filter(|(_, count)| **count > MAX_FINDINGS)
    {
        text.push_str(&format!("\n{code}: {count} in all\n"));
    }
    text.push_str(match report.findings.worst {
        None => "\nall is well",
        Some(Weight::Pending) => "\nall is well; some work is under way",
        Some(Weight::CannotTell) => "\nwhat could be checked is well; signatures could not be checked",
        Some(Weight::Damaged) => "\nsomething is damaged",
    });
    text
}
