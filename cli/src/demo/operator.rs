//! The second gallery: the operator itself lies, with all the keys in its hands. What it signs convicts it, or comes to
//! nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::brand::LUMEN;
use super::dishonest::Operator;
use super::node::Node;
use super::opening::NODE;
use super::story::{ANSWER, Backup, COPIES, EVIDENCE, MEMORY, Story, TRUST, expect};
use crate::files;

/// Where its lies are kept.
const LIES: &str = "lies";
const ROLLED_BACK: &str = "rolled-back";
/// How far back it would like a time to be, in seconds.
const YEAR: u64 = 365 * 86_400;
/// Digits of a digest, and how many of them are told.
const DIGEST: usize = 64;
const DIGITS: usize = 12;
/// Status of a node that serves and may sign.
const READY: u16 = 200;

/// Each lie by the name of its file, what it is, and what kind of proof comes of it.
const DEEDS: [(&str, &str, &str); 9] = [
    ("fork", "two logs of one size", "fork"),
    ("fork-later", "a longer log that never had her withdrawal", "fork"),
    ("feed-fork", "two feeds of one size for the cinema", "feedFork"),
    ("feed-shrunk", "a feed that is shorter than it was", "feedFork"),
    (
        "dropped",
        "her withdrawal, dropped from the feed",
        "acknowledgementAgainstHead",
    ),
    (
        "swapped",
        "her withdrawal, swapped for something else",
        "acknowledgementAgainstHead",
    ),
    ("denied", "her withdrawal, denied", "attestationAgainstEvent"),
    (
        "denied-opened",
        "an event that its own log has, denied",
        "attestationAgainstEvent",
    ),
    (
        "logged-again",
        "her old yes, logged again after the end",
        "attestationAgainstEvent",
    ),
];

/// Plays all of them.
pub(super) fn lies(story: &mut Story<'_>, backup: &Backup) -> Result<()> {
    story.teller.act("The operator itself lies")?;
    story.teller.say(
        "It has every key of the node, so its lies are well signed. But others have what it signed before: Anna the log's \
         answer to her withdrawal, the cinema the signed head of its feed, the regulator the evidence. Two signed statements \
         that cannot both be true are a proof, in one small file, for anyone with the pinned keys:",
    )?;
    files::make_folder(&story.dir.join(LIES))?;
    let [node, answer, head, evidence] = [NODE, ANSWER, MEMORY, EVIDENCE].map(|name| story.dir.join(name));
    let signed = story.dir.join(LIES).join("honest-head.json");
    let memory: Value = read(&head)?;
    write(&signed, &memory["feeds"][0]["head"])?;
    let operator = Operator::load(&node, &answer, &signed, &evidence)?;
    signed_lies(story, &operator)?;
    what_a_brand_remembers(story, &operator, &memory)?;
    backdated(story, &operator)?;
    rolled_back(story, backup)
}

fn signed_lies(story: &mut Story<'_>, operator: &Operator) -> Result<()> {
    let deeds = operator.deeds()?;
    expect(deeds.len() == DEEDS.len(), "the operator has another number of lies")?;
    for ((name, proof), (known, what, kind)) in deeds.into_iter().zip(DEEDS) {
        expect(name == known, "the operator has other lies")?;
        let file = format!("{LIES}/{name}.json");
        let path = story.dir.join(&file);
        fs::write(&path, proof).with_context(|| format!("cannot write {}", path.display()))?;
        proved(story, &file, what, kind, "")?;
    }
    Ok(())
}

/// The proof in a file is accepted by whoever has the pinned keys.
fn proved(story: &mut Story<'_>, file: &str, what: &str, kind: &str, whence: &str) -> Result<()> {
    let judged = story.run(&["verify", file, "--trust", TRUST, "--json"])?;
    let report = judged.json()?;
    expect(
        report["proved"] == "Holds" && report["kind"] == kind,
        &format!("{file} is no proof of a {kind}"),
    )?;
    let why = report["contradiction"].as_str().context("the proof does not say why")?;
    story
        .teller
        .quote([format!("cannot all be true: {}", shortened(why))])?;
    let outcome = format!("{whence}proved ({kind})");
    story.teller.repelled(what, &outcome, judged.took)
}

/// A brand needs to suspect nothing: its command holds each feed against what the operator signed before.
fn what_a_brand_remembers(story: &mut Story<'_>, operator: &Operator, honest: &Value) -> Result<()> {
    story.teller.say(
        "The cinema need not suspect anything to find out: each time it reads its feed, its command holds it against what \
         the operator signed before. Had it been promised more than it gets now:",
    )?;
    let [head, acknowledgement] = operator.forgeries()?;
    let value = |bytes: Vec<u8>| serde_json::from_slice(&bytes).context("a statement is no JSON");
    let (mut longer, mut promised) = (honest.clone(), honest.clone());
    longer["feeds"][0]["head"] = value(head)?;
    promised["feeds"][0]["acknowledgements"] = json!([value(acknowledgement)?]);
    for (name, memory, what, code, kind) in [
        (
            "more",
            longer,
            "a feed that took something back",
            "feed_fork",
            "feedFork",
        ),
        (
            "said",
            promised,
            "a promised event that never came",
            "item_dropped",
            "acknowledgementAgainstHead",
        ),
    ] {
        let state = format!("{LIES}/{name}.json");
        write(&story.dir.join(&state), &memory)?;
        let (customers, token) = (LUMEN.path("customers.json"), LUMEN.path("token"));
        let line = ["brand", "consents", "--state", &state, "--customers", &customers];
        let read = story.shell.run(&[&line[..], &["--token-file", &token]].concat())?;
        story.teller.command(read.line())?;
        expect(
            read.code != 0 && read.stderr.contains(code),
            "a brand does not see that its feed contradicts what it was promised",
        )?;
        let file = named(&read.stderr).context("the brand has no proof")?;
        proved(story, &file, what, kind, "found by the brand's own memory, and ")?;
    }
    Ok(())
}

/// An old date on a tree head makes no consent older.
fn backdated(story: &mut Story<'_>, operator: &Operator) -> Result<()> {
    story.teller.say(
        "It dates the log back by a year, so that her consent would have been in force then. It can sign such a time itself; \
         the two witnesses did not:",
    )?;
    let past = operator.now().minus_seconds(YEAR);
    let file = format!("{LIES}/backdated.json");
    let path = story.dir.join(&file);
    fs::write(&path, operator.backdate(past)?).with_context(|| format!("cannot write {}", path.display()))?;
    let past = past.to_string();
    let judged = story
        .shell
        .run(&["verify", &file, "--trust", TRUST, "--as-of", &past, "--json"])?;
    story.teller.command(judged.line())?;
    let report = judged.json()?;
    let verdict = report["inForce"].as_str().unwrap_or_default();
    expect(
        judged.code != 0 && matches!(verdict, "CannotTell" | "Fails"),
        "a consent is in force before it was given",
    )?;
    let outcome = format!("refused: in force at that time: {verdict}");
    story.teller.repelled("a backdated log", &outcome, judged.took)
}

/// The state of before her change of mind, as if nothing had happened since.
fn rolled_back(story: &mut Story<'_>, backup: &Backup) -> Result<()> {
    story.teller.say(
        "Last, it puts the backup back, from before she changed her mind, and starts a node on it with the true keys. It \
         would sign another history from there on, so it must ask the witnesses first:",
    )?;
    let folder = story.dir.join(ROLLED_BACK);
    files::make_folder(&folder)?;
    copy_keys(&story.dir.join(NODE), &folder)?;
    story
        .teller
        .command(&format!("cp -r {NODE}/keys {NODE}/placet.toml {ROLLED_BACK}"))?;
    let restore = ["restore", "--dir", ROLLED_BACK, "--main", &backup.main];
    story.run(&[&restore[..], &["--keyring", &backup.keyring]].concat())?;
    story
        .teller
        .command("placet serve --dir rolled-back --listen 127.0.0.1:0 --witness 'VKEY URL' --witness 'VKEY URL'")?;
    let log = story.dir.join("rolled-back.log");
    let (why, took) = Node::refused(&story.shell, ROLLED_BACK, &story.settings, &log)?;
    let reason = why.find("rolled back: ").and_then(|at| why.get(at..));
    let reason = reason.with_context(|| format!("not as written: the node refuses for another reason: {why}"))?;
    story
        .teller
        .repelled("a backup put back", &format!("refused: {reason}"), took)?;
    honest_goes_on(story)
}

fn honest_goes_on(story: &mut Story<'_>) -> Result<()> {
    story.teller.say(
        "So there is no second history, and nothing to prove. The copies would still open the consent that was destroyed \
         meanwhile, so they go too.",
    )?;
    for name in [ROLLED_BACK, COPIES] {
        fs::remove_dir_all(story.dir.join(name)).with_context(|| format!("cannot remove {name}"))?;
    }
    story.teller.command(&format!("rm -r {ROLLED_BACK} {COPIES}"))?;
    let ready = story.http.get(&format!("{}/readyz", story.node()?.url()))?;
    expect(ready.status == READY, "the honest node is not ready any more")?;
    story.teller.done(
        "the node, all this while",
        "serves and may sign (GET /readyz: 200)",
        ready.took,
    )
}

/// The same sentence with the first digits of each digest.
fn shortened(sentence: &str) -> String {
    let word = |word: &str| match word.get(..DIGITS) {
        Some(start) if word.len() >= DIGEST && start.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let end = word.trim_start_matches(|sign: char| sign.is_ascii_hexdigit());
            format!("{start}…{end}")
        }
        _ => word.to_owned(),
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The file that a refusal names.
fn named(refusal: &str) -> Option<String> {
    let (_, after) = refusal.split_once("The proof is in ")?;
    Some(after.split(": ").next()?.trim().to_owned())
}

fn copy_keys(node: &Path, to: &Path) -> Result<()> {
    let keys = to.join("keys");
    files::make_folder(&keys)?;
    let from = node.join("keys");
    for entry in fs::read_dir(&from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", from.display()))?;
        files::copy(&entry.path(), &keys.join(entry.file_name()), files::SECRET)?;
    }
    files::copy(&node.join("placet.toml"), &to.join("placet.toml"), files::PUBLIC)
}

fn read(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", path.display()))
}

fn write(path: &Path, value: &Value) -> Result<()> {
    fs::write(path, value.to_string()).with_context(|| format!("cannot write {}", path.display()))
}
