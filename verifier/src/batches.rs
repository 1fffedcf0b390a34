//! Anchoring: each closed minute of the journal becomes one AccessBatch record, and its lines go to the ledger.
//!
//! ```text
//! <minute>.journal   entries, appended
//! <minute>.batch     the signed record: from here on the minute's entries are fixed, and it is sent again as it is
//! <minute>.anchored  the same file, renamed: the ledger has the record and every line
//! ```
//! A crash after any step goes on with the next one: the record is signed once, so the ledger gives its first answer again;
//! lines are kept by their place in the batch, so one that comes twice is kept once.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use placet_kernel::access::BatchTree;
use placet_kernel::acknowledgement::acknowledges;
use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::decision;
use placet_kernel::merkle::Hash;
use placet_kernel::sign::{ProofChoices, secure};
use placet_schemas::access::AccessLine;
use placet_schemas::api::{
    ACCESS_LINE_RETENTION, AccessLinesAnswer, MAX_LINES, PostAccessLines, PostedLine, RecordAnswer,
};
use placet_schemas::id::{Digest, RecordId};
use placet_schemas::json;
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, CanonicalRecord, Draft, Record};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::errands::post;
use placet_service::random;

use crate::error::StoreError;
use crate::journal::{BATCH_SECONDS, Entry, Journal, failed};
use crate::replica::Replica;
use crate::verifier::Inner;

/// Ending of a signed record that the ledger may not have yet.
const SIGNED: &str = "batch";
/// Ending of one that it has, with all lines.
const ANCHORED: &str = "anchored";
/// Seconds after which a signed record cannot be recorded: what the ledger tolerates, and as much again for how wrong each of
/// the two clocks may be.
const SPENT_SECONDS: u64 = 3 * TIME_TOLERANCE_SECONDS;
/// Longest answer to a batch, or to lines.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Brings closed minutes to the ledger; gives whether nothing is left to bring.
pub(crate) async fn round(inner: &Inner) -> Result<bool, StoreError> {
    let now = inner.clock.now();
    inner.pulse.unreported(inner.permits.expire(now));
    let mut done = true;
    let mut waiting = 0;
    for minute in inner.journal.closed(now)? {
        if inner.journal.beside(minute, ANCHORED).exists() {
            // What the ledger does not have is never too old: a clock may be wrong.
            if expired(minute, now) {
                remove(inner, minute)?;
            }
            continue;
        }
        // Without the brand's word nobody would record it: it waits, and is counted.
        if inner.settings.authorization.is_none() && !inner.journal.beside(minute, SIGNED).exists() {
            waiting += 1;
            continue;
        }
        // One minute that cannot be brought does not keep the others.
        let brought = anchor(inner, minute).await.unwrap_or_else(|error| {
            tracing::error!(minute, %error, "a minute of the journal cannot be anchored");
            false
        });
        if !brought {
            done = false;
            waiting += 1;
        }
    }
    inner.pulse.batches_wait(waiting);
    Ok(done)
}

/// The signed record of a minute that the ledger has, with all its lines.
pub(crate) fn anchored(journal: &Journal, minute: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let path = journal.beside(minute, ANCHORED);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&path, error)),
    }
}

/// Removes what a destruction reaches: lines and decisions that name a consent which is not there any more. Their hashes stay,
/// so that the others can still be proved. `held` are the consents that there were when the destruction was known; one that has
/// come since is in memory. Gives whether all was looked at: while the replica is read anew, memory knows nobody.
pub(crate) fn forget(inner: &Inner, held: &HashSet<Digest>) -> Result<bool, StoreError> {
    for minute in inner.journal.all()? {
        if !inner.read(Replica::stands) {
            return Ok(false);
        }
        inner.journal.edit(minute, |entry| {
            let gone = |id: &Digest| {
                !held.contains(id) && inner.read(|replica| replica.stands() && replica.find(id).is_none())
            };
            let gone = consents_in(entry).iter().any(gone);
            gone.then(|| Entry::Gone(entry.hash()))
        })?;
    }
    Ok(inner.read(Replica::stands))
}

fn consents_in(entry: &Entry) -> Vec<Digest> {
    match entry {
        Entry::Line(line) => AccessLine::parse(line)
            .ok()
            .and_then(|line| line.consent)
            .into_iter()
            .collect(),
        Entry::Decision(signed) => {
            let statement = decision::read(signed).map(|signed| signed.statement.reasons);
            statement
                .into_iter()
                .flatten()
                .filter_map(|reason| reason.consent)
                .collect()
        }
        Entry::Gone(_) => Vec::new(),
    }
}

/// Anchors a minute; gives whether the ledger has all of it.
async fn anchor(inner: &Inner, minute: u64) -> Result<bool, StoreError> {
    let entries = inner.journal.read(minute)?;
    let hashes: Vec<Hash> = entries.iter().map(Entry::hash).collect();
    let Some(tree) = BatchTree::new(hashes) else {
        if entries.is_empty() {
            return remove(inner, minute).map(|()| true);
        }
        // More than one batch can hold: kept, and told, until somebody looks.
        return Err(StoreError::Corrupt(
            "a minute of the journal is longer than a batch may be",
        ));
    };
    // 1. SIGN. From here on the minute is what it is.
    let path = inner.journal.beside(minute, SIGNED);
    if !path.exists() {
        let Some(authorization) = &inner.settings.authorization else {
            return Ok(false);
        };
        let record = sign(inner, authorization, minute, &tree)?;
        write_new(&path, &record).map_err(|error| failed(&path, error))?;
    }
    let bytes = fs::read(&path).map_err(|error| failed(&path, error))?;
    let record = CanonicalRecord::parse(&bytes)?.record;
    let fits = matches!(&record.body, Body::AccessBatch(batch) if batch.root == tree.root());
    if !fits {
        return Err(StoreError::Corrupt("a minute of the journal is not what was signed"));
    }
    // 2. RECORD.
    let Some(answer) = post(inner, "/v1/records", bytes).await else {
        return Ok(false);
    };
    if !(200..300).contains(&answer.status) {
        // It was not recorded: too old after a long outage, or signed with an authorization that does not hold. Another is signed
        // once this one cannot be recorded any more, so that no copy of it which is still on its way makes it two.
        if matches!(answer.status, 400 | 422) && is_spent(&record, inner.clock.now()) {
            fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        }
        tracing::warn!(
            minute,
            status = answer.status,
            "the ledger does not record a batch of accesses"
        );
        return Ok(false);
    }
    if !is_acknowledged(inner, &record.digest(), &answer.body) {
        tracing::warn!(
            minute,
            "an answer to a batch of accesses is not the operator's word that it is recorded"
        );
        return Ok(false);
    }
    // 3. LINES.
    let lines = entries.iter().enumerate().filter_map(|(seq, entry)| match entry {
        Entry::Line(line) => Some((seq as u64, AccessLine::parse(line).ok()?)),
        _ => None,
    });
    let lines: Vec<(u64, AccessLine)> = lines.filter(|(_, line)| line.consent.is_some()).collect();
    for page in lines.chunks(MAX_LINES) {
        if !hand_in(inner, record.digest(), page, &tree).await? {
            return Ok(false);
        }
    }
    // 4. DONE.
    let anchored = inner.journal.beside(minute, ANCHORED);
    fs::rename(&path, &anchored).map_err(|error| failed(&path, error))?;
    inner.pulse.anchored();
    Ok(true)
}

/// A minute is anchored by the operator's own word, and not by that of whoever stands between.
fn is_acknowledged(inner: &Inner, record: &Digest, body: &[u8]) -> bool {
    let answer = json::parse(body, MAX_ANSWER_BYTES).and_then(|answer| json::decode::<RecordAnswer>(answer.root()));
    let keys = inner.log.feed_keys();
    answer.is_ok_and(|answer| acknowledges(&answer, record, &inner.settings.origin, keys.operators))
}

async fn hand_in(
    inner: &Inner,
    batch: Digest,
    page: &[(u64, AccessLine)],
    tree: &BatchTree,
) -> Result<bool, StoreError> {
    let posted = |(seq, line): &(u64, AccessLine)| {
        let proof = tree
            .proof(*seq)?
            .iter()
            .map(|hash| Digest::from_bytes(*hash.as_bytes()))
            .collect();
        Some(PostedLine {
            seq: *seq,
            line: line.clone(),
            proof,
        })
    };
    let lines = page.iter().filter_map(posted).collect();
    let body = json::to_jcs(&PostAccessLines { batch, lines })?;
    let Some(answer) = post(inner, "/v1/access-lines", body).await else {
        return Ok(false);
    };
    if answer.status != 200 {
        tracing::warn!(status = answer.status, "the ledger does not take access lines");
        return Ok(false);
    }
    let document = json::parse(&answer.body, MAX_ANSWER_BYTES)?;
    let kept: AccessLinesAnswer = json::decode(document.root())?;
    if !kept.refused.is_empty() {
        // Their consents were destroyed meanwhile: there is nobody any more to read them.
        tracing::info!(
            refused = kept.refused.len(),
            "the ledger keeps some access lines no more"
        );
    }
    Ok(true)
}

fn sign(inner: &Inner, authorization: &str, minute: u64, tree: &BatchTree) -> Result<Vec<u8>, StoreError> {
    let bad = StoreError::Corrupt("the verifier's authorization or clock makes no batch");
    let time = |seconds| Timestamp::from_unix(seconds);
    let (Some(from), Some(until)) = (time(minute * BATCH_SECONDS), time((minute + 1) * BATCH_SECONDS)) else {
        return Err(bad);
    };
    let authorization = authorization.to_owned().try_into().map_err(|_| bad)?;
    // The clock may have been set back since the minute was closed; nobody takes a batch that was signed before it ended.
    let now = inner.clock.now().max(until);
    let batch = AccessBatch {
        version: Version,
        controller: inner.settings.controller.clone(),
        authorization,
        from,
        until,
        entries: tree.entries(),
        root: tree.root(),
    };
    let draft = Draft {
        id: RecordId::from_random(random::bytes()?),
        issuer: inner.key.did().clone(),
        valid_from: now,
        valid_until: None,
        body: Body::AccessBatch(Box::new(batch)),
    };
    let domain = inner.settings.origin.clone();
    let choices = ProofChoices {
        domain,
        created: now,
        challenge: None,
        method: None,
    };
    Ok(secure(&draft, choices, &inner.key)?)
}

/// Whether no ledger takes a record any more, since it is too old by whatever clock.
fn is_spent(record: &Record, now: Timestamp) -> bool {
    record.valid_from.plus_seconds(SPENT_SECONDS) < now
}

/// Lines and decisions are kept as long as the ledger keeps lines, and no longer.
fn expired(minute: u64, now: Timestamp) -> bool {
    (minute + 1) * BATCH_SECONDS + ACCESS_LINE_RETENTION < now.unix()
}

fn remove(inner: &Inner, minute: u64) -> Result<(), StoreError> {
    for path in [
        inner.journal.path(minute),
        inner.journal.beside(minute, SIGNED),
        inner.journal.beside(minute, ANCHORED),
    ] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path, error)),
            _ => {}
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent()
        .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}
