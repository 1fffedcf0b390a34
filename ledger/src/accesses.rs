//! Access lines: what brands say that they did with the data of a consent, kept for the person to read.
//!
//! A line comes with its batch, which is in the log, and is checked by the kernel before it is kept. It is sealed with the
//! data key of its consent's grant, so whatever destroys the consent destroys it; and it is forgotten after a year.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use placet_kernel::access::verify_line;
use placet_kernel::merkle::Hash;
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::access::AccessLine;
use placet_schemas::api::{
    ACCESS_LINE_RETENTION, AccessLinesAnswer, AccessPage, AccessView, MAX_ACCESS_PAGE, PostedLine, ProvenRecord,
    RefusedLine, SaltText,
};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_schemas::record::Body;
use placet_schemas::record::access::AccessBatch;
use placet_schemas::time::Timestamp;

use crate::crypto::{Blind, Blinded, Purpose, RecordSecret};
use crate::destroy::{DAY, due_day};
use crate::error::StoreError;
use crate::evidence::Opened;
use crate::ledger::Ledger;
use crate::node::{Node, stored_record};
use crate::reads::Party;
use crate::store::{LineRow, LineWrite, RecordRow};

/// Largest stored line, in bytes: the line and its proof.
const MAX_STORED_BYTES: usize = 16 * 1024;

/// Most lines that one transaction forgets: a whole day's may be a million, and commits wait for it.
const FORGOTTEN_AT_ONCE: u64 = 1024;
/// Stored lines have lengths that are multiples of this, before they are sealed: so that one can take the place of another
/// that is gone, and so that the length does not tell what the line says.
const STORED_STEP_BYTES: usize = 256;

/// Why a line is not kept. The codes of the kernel's own checks come besides.
mod refusal {
    /// The line names no consent.
    pub(super) const WITHOUT_CONSENT: &str = "line_without_consent";
    /// There is no such consent of this brand, or not any more. Which of the two nobody is told.
    pub(super) const CONSENT_UNKNOWN: &str = "consent_unknown";
    /// The access is so long ago that the line would be forgotten at once.
    pub(super) const EXPIRED: &str = "line_expired";
}

/// Lines of one batch that may be kept, and what is said of the others.
#[derive(Default)]
struct Sorted {
    /// Those that hold, with the consent that they name.
    sound: Vec<(Digest, AccessLine, PostedLine)>,
    refused: Vec<RefusedLine>,
}

impl Ledger {
    /// Keeps lines of the batch with this digest, which is the brand's own; `None` if it has recorded none like it. A line
    /// that is refused does not keep the others; one that is there already is kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_lines(
        &self,
        brand: &Did,
        batch: &Digest,
        lines: Vec<PostedLine>,
    ) -> Result<Option<AccessLinesAnswer>, StoreError> {
        let node = self.node();
        let Some((Opened { index, .. }, batch)) = node.opened_batch(brand, batch).await? else {
            return Ok(None);
        };
        let Sorted { sound, mut refused } = sort(lines, &batch, self.now());
        let consents: Vec<Digest> = sound.iter().map(|(consent, ..)| *consent).collect();
        let grants = node.grants_of(brand, &consents).await?;
        let mut writes = Vec::with_capacity(sound.len());
        for (consent, line, posted) in sound {
            let Some((grant, secret)) = grants.get(&consent) else {
                refused.push(refuse(posted.seq, refusal::CONSENT_UNKNOWN));
                continue;
            };
            let purpose = Purpose::Line {
                batch: index,
                seq: posted.seq,
            };
            writes.push(LineWrite {
                grant: *grant,
                seq: posted.seq,
                expires_day: expires_day(line.at),
                line: secret.seal(purpose, &padded(json::to_jcs(&posted)?))?,
            });
        }
        let kept = node.store.keep_lines(index, &writes).await?;
        // One whose consent was destroyed since it was looked up.
        let gone = writes.iter().filter(|line| !kept.contains(&line.seq));
        refused.extend(gone.map(|line| refuse(line.seq, refusal::CONSENT_UNKNOWN)));
        refused.sort_by_key(|line| line.seq);
        Ok(Some(AccessLinesAnswer {
            kept: writes.iter().filter(|line| kept.contains(&line.seq)).count() as u64,
            refused,
        }))
    }

    /// What brands say that they did with the data of a consent: lines after the place `after` (index of the batch, and the
    /// line's place in it), at most [`MAX_ACCESS_PAGE`], with all that proves them. `None` if there is no consent of that
    /// id, or it is none of `who`'s business.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accesses(
        &self,
        who: &Party,
        id: &Digest,
        after: Option<(u64, u64)>,
        limit: usize,
    ) -> Result<Option<AccessPage>, StoreError> {
        let node = self.node();
        let Some((consent, _)) = self.find_consent(who, id).await? else {
            return Ok(None);
        };
        let limit = limit.clamp(1, MAX_ACCESS_PAGE);
        let mut rows = node.store.lines_after(consent.grant, after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|row| format!("{}.{}", row.batch, row.seq));
        let secret = node.keyring.secret(consent.grant).await?;
        let batches: BTreeSet<u64> = rows.iter().map(|row| row.batch).collect();
        let mut keys = BTreeSet::new();
        for batch in &batches {
            keys.extend(node.store.keys_in_force(consent.controller, *batch).await?);
        }
        let proven = node.proven(batches.iter().chain(&keys).copied().collect()).await?;
        let found = |index: &u64| proven.get(index).cloned().ok_or(StoreError::Corrupt("access line"));
        let view = |row: LineRow| {
            let PostedLine { seq, line, proof } = open_line(&secret, &row)?;
            Ok(AccessView {
                line,
                seq,
                proof,
                batch: found(&row.batch)?,
            })
        };
        Ok(Some(AccessPage {
            accesses: rows.into_iter().map(view).collect::<Result<_, StoreError>>()?,
            keys: keys.iter().map(found).collect::<Result<_, _>>()?,
            next,
        }))
    }

    /// Forgets the lines whose time is over, by a clock that has surely come so far. Gives how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn forget_lines(&self) -> Result<u64, StoreError> {
        let node = self.node();
        let Some(now) = node.surely_past().await? else {
            return Ok(0);
        };
        let mut gone = 0;
        loop {
            let some = node.store.forget_lines(now.unix() / DAY, FORGOTTEN_AT_ONCE).await?;
            gone += some;
            if some < FORGOTTEN_AT_ONCE {
                break;
            }
        }
        if gone > 0 {
            tracing::info!(gone, "access lines are forgotten");
            // Until then the journal has the old pages. Whoever reads keeps it from being cut; it is cut at the latest with
            // the next destruction, and what is in it opens only with the consent's key.
            if let Err(error) = node.store.empty_journal().await {
                tracing::debug!(%error, "the journal is cut later");
            }
        }
        Ok(gone)
    }
}

impl Node {
    /// The batch with this digest, if the brand's verifier made it, and its record.
    pub(crate) async fn opened_batch(
        &self,
        brand: &Did,
        digest: &Digest,
    ) -> Result<Option<(Opened, AccessBatch)>, StoreError> {
        let Some(index) = self.index_of(digest).await? else {
            return Ok(None);
        };
        let Some(row) = self.store.records_of(&[index]).await?.pop() else {
            return Ok(None);
        };
        let secret = self.keyring.secret(index).await?;
        let bytes = Self::text(&row, Some(&secret))?;
        let record = stored_record(&bytes)?;
        let batch = match &record.body {
            Body::AccessBatch(batch) if batch.controller == *brand => AccessBatch::clone(batch),
            _ => return Ok(None),
        };
        Ok(Some((Opened { index, bytes, record }, batch)))
    }

    /// The grants of those of these consents that are this brand's and are there, and their secrets.
    async fn grants_of(
        &self,
        brand: &Did,
        consents: &[Digest],
    ) -> Result<HashMap<Digest, (u64, RecordSecret)>, StoreError> {
        let blind = |consent: &Digest| self.keyring.vault().blind(Blind::Digest, consent.as_bytes());
        let blinds: BTreeMap<Digest, Blinded> = consents.iter().map(|consent| (*consent, blind(consent))).collect();
        let asked: Vec<Blinded> = blinds.values().copied().collect();
        let indexes = self.keyring.find(&asked).await?;
        let grants: Vec<u64> = indexes.values().copied().collect();
        let rows = self.store.consents_of(&grants).await?;
        let controller = self
            .store
            .controllers_of(&[], &[brand])
            .await?
            .pop()
            .map(|found| found.id);
        let mut secrets = self.keyring.secrets(&grants).await?;
        let mut found = HashMap::new();
        for (consent, blind) in blinds {
            let row = indexes.get(&blind).and_then(|index| rows.get(index));
            if let Some(row) = row.filter(|row| Some(row.controller) == controller)
                && let Some(secret) = secrets.remove(&row.grant)
            {
                found.insert(consent, (row.grant, secret));
            }
        }
        Ok(found)
    }

    /// These records, opened, with proofs under one checkpoint.
    async fn proven(&self, indexes: Vec<u64>) -> Result<HashMap<u64, ProvenRecord>, StoreError> {
        let Some(last) = indexes.iter().max() else {
            return Ok(HashMap::new());
        };
        let (size, note) = self.witnessed(*last, &self.head()).await?;
        let tree = self.store.inclusion(&indexes, size).await?;
        let secrets = self.keyring.secrets(&indexes).await?;
        let proven = |row: RecordRow| {
            let secret = secrets.get(&row.index).ok_or(StoreError::KeyLost(row.index))?;
            let text = Self::text(&row, Some(secret))?;
            let proof = TlogProof::new(row.index, tree.inclusion(row.index)?, note.clone());
            let record = ProvenRecord {
                index: row.index,
                salt: SaltText::from_bytes(*secret.salt().as_bytes()),
                record: serde_json::from_slice(&text).map_err(|_| StoreError::Corrupt("record"))?,
                proof: proof.to_string(),
            };
            Ok((row.index, record))
        };
        self.store.records_of(&indexes).await?.into_iter().map(proven).collect()
    }
}

/// Fills up to a multiple of [`STORED_STEP_BYTES`], with what JSON takes for nothing.
fn padded(mut text: Vec<u8>) -> Vec<u8> {
    text.resize(text.len().next_multiple_of(STORED_STEP_BYTES), b' ');
    text
}

/// A kept line and its proof.
pub(crate) fn open_line(secret: &RecordSecret, row: &LineRow) -> Result<PostedLine, StoreError> {
    let (batch, seq) = (row.batch, row.seq);
    let bytes = secret.open(Purpose::Line { batch, seq }, &row.line)?;
    let document = json::parse(&bytes, MAX_STORED_BYTES).map_err(|_| StoreError::Corrupt("access line"))?;
    json::decode(document.root()).map_err(|_| StoreError::Corrupt("access line"))
}

/// What the kernel says of a line that was handed in, or is kept.
///
/// # Errors
/// The stable code of what is wrong.
pub(crate) fn check_line(posted: &PostedLine, batch: &AccessBatch) -> Result<AccessLine, &'static str> {
    let proof: Vec<Hash> = posted.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    verify_line(&posted.line.to_bytes(), posted.seq, &proof, batch).map_err(|error| error.code())
}

/// The day on which a line is forgotten: the first that begins when its time is over.
pub(crate) fn expires_day(at: Timestamp) -> u64 {
    due_day(at.plus_seconds(ACCESS_LINE_RETENTION))
}

fn sort(lines: Vec<PostedLine>, batch: &AccessBatch, now: Timestamp) -> Sorted {
    let mut sorted = Sorted::default();
    for posted in lines {
        let checked = check_line(&posted, batch).and_then(|line| {
            let consent = line.consent.ok_or(refusal::WITHOUT_CONSENT)?;
            let live = now.unix() / DAY < expires_day(line.at);
            if live {
                Ok((consent, line))
            } else {
                Err(refusal::EXPIRED)
            }
        });
        match checked {
            Ok((consent, line)) => sorted.sound.push((consent, line, posted)),
            Err(code) => sorted.refused.push(refuse(posted.seq, code)),
        }
    }
    sorted
}

fn refuse(seq: u64, code: &str) -> RefusedLine {
    RefusedLine {
        seq,
        code: code.to_owned(),
    }
}
