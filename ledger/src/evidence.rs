//! Puts together the evidence of a consent. Whether it proves anything is for the kernel to say, at the reader's.

mod decided;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placet_kernel::bundle::{self, AnchorEvidence, CheckpointEvidence, Evidence, OpeningEvidence, Verdict};
use placet_kernel::merkle::Hash;
use placet_schemas::id::Digest;
use placet_schemas::record::{Body, Record};
use placet_schemas::statement::{Signed, StateAttestation, StateAttestationType};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::node::{Node, stored_record};
use crate::reads::Party;
use crate::store::Seen;
use crate::tree::Head;
use crate::witnesses::Fresh;

pub use decided::EvidenceError;

use decided::Decided;

/// How old a cosignature may be that counts as fresh where no moment is asked about, in seconds.
const FRESH_SECONDS: u64 = 2;

/// A record of the bundle.
pub(crate) struct Opened {
    pub(crate) index: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) record: Record,
}

impl Ledger {
    /// The evidence bundle of a consent, made to answer whether it was in force at `as_of`, or at the newest checkpoint.
    /// `None` if there is no consent of that id, or it is none of `who`'s business.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn evidence(
        &self,
        who: &Party,
        id: &Digest,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.bundle(who, id, as_of, Vec::new()).await
    }

    async fn bundle(
        &self,
        who: &Party,
        id: &Digest,
        as_of: Option<Timestamp>,
        decided: Vec<Decided>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let node = self.node();
        let Some((row, _)) = self.find_consent(who, id).await? else {
            return Ok(None);
        };
        let head = node.fresh_head(row.grant, as_of).await?;
        if row.grant >= head.size {
            return Ok(None);
        }
        let events = node.opened_events(id, &head).await?;
        let found = events.iter().filter(|event| event.index <= row.last).count() as u64;
        if row.last < head.size && found != row.events {
            // A look-up is lost. What it led to may be the withdrawal, and without it the operator would attest that there is
            // none.
            return Err(StoreError::Corrupt("consent"));
        }
        // The kernel looks for the keys that were there before the decision's head was; without one, for the newest.
        let before = |one: &Decided| one.size.unwrap_or(head.size).checked_sub(1);
        let signed: Vec<u64> = decided
            .iter()
            .flat_map(|one| before(one).into_iter().chain(one.batch()))
            .collect();
        let public = node.public_parts(row.controller, &events, &signed).await?;
        let batches: Vec<u64> = decided.iter().filter_map(Decided::batch).collect();
        let checkpoints = node.checkpoints(row.grant, &batches, &head, as_of).await?;
        let evidence = Evidence {
            origin: node.voice.origin.clone(),
            consent: *id,
            notices: node.shown_notices(&events).await?,
            attestations: node.attest(id, &events, &checkpoints)?,
            anchors: node.anchors(&events, &checkpoints, &head).await?,
            openings: node.openings(events.into_iter().chain(public).collect(), &head).await?,
            checkpoints: node.tied(checkpoints, &head).await?,
            decisions: node.decisions(decided, &head).await?,
        };
        let bytes = evidence.to_bytes()?;
        node.is_sound(&bytes, as_of)?;
        Ok(Some(bytes))
    }
}

impl Node {
    /// One head for the whole bundle: what is committed meanwhile is not part of it. Where the answer is about a moment after
    /// the head was signed, the same tree is signed again now: nothing else says that it was still the largest.
    ///
    /// The witnesses are asked too, and waited for as [`crate::FRESH_WITHIN`] says; then the head has their lines. They have
    /// to sign it after all of them had signed that there is a grant: else there is no moment at which it is shown to have
    /// existed and to be still in force.
    async fn fresh_head(&self, grant: u64, as_of: Option<Timestamp>) -> Result<Arc<Head>, StoreError> {
        // The time first: whatever was acknowledged by then is in the head that is read afterwards.
        let now = self.clock.now();
        let mut head = self.head();
        // What witnesses said a moment ago is fresh, unless it is a later moment that is asked about.
        let came = as_of.unwrap_or_else(|| now.minus_seconds(FRESH_SECONDS)).min(now);
        self.witnesses.refresh(grant + 1, Fresh::default()).await;
        let signed = match self.store.cosigned_from(grant + 1).await?.pop() {
            Some(size) => self.store.cosigned_at(size).await?,
            None => None,
        };
        let came = Some(came);
        self.witnesses.refresh(head.size, Fresh { came, signed }).await;
        if as_of.unwrap_or(now) > head.time && now > head.time && self.may_sign() {
            head = Arc::new(self.voice.head(head.frontier.clone(), now)?);
        }
        let note = self.cosigned(&head);
        if note == head.note {
            return Ok(head);
        }
        Ok(Arc::new(Head {
            note,
            ..Head::clone(&head)
        }))
    }

    /// Judges evidence as its reader will. A flipped bit in a notice, a public record or a tile is seen nowhere else: rows are
    /// not sealed where everybody may read them. What is false is this node's misfortune, and must not look like a fraud.
    fn is_sound(&self, evidence: &[u8], as_of: Option<Timestamp>) -> Result<(), StoreError> {
        let now = self.clock.now().max(self.head().time);
        // Without the lines of witnesses, which were checked when they came; some may be in no settings any more.
        let trust = self.voice.trust()?;
        let own = bundle::strip(evidence, &trust).map_err(|_| StoreError::Corrupt("evidence"))?;
        let report = bundle::verify(&own, Some(&trust), now, as_of);
        match report {
            Ok(report) if report.recorded == Verdict::Holds => Ok(()),
            Ok(report) => {
                let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
                tracing::error!(?codes, "what is stored makes no evidence; run placet fsck");
                Err(StoreError::Corrupt("evidence"))
            }
            Err(_) => Err(StoreError::Corrupt("evidence")),
        }
    }

    async fn opened_events(&self, consent: &Digest, head: &Head) -> Result<Vec<Opened>, StoreError> {
        let mut events = Vec::new();
        for (row, secret) in self.events(consent).await? {
            if row.index < head.size {
                let bytes = Self::text(&row, Some(&secret))?;
                events.push(Opened {
                    index: row.index,
                    record: stored_record(&bytes)?,
                    bytes,
                });
            }
        }
        Ok(events)
    }

    /// The requests that were answered, and the brand's keys in force wherever it signed something, or, at the places in `signed`,
    /// its verifier in its name.
    async fn public_parts(
        &self,
        controller: u64,
        events: &[Opened],
        signed: &[u64],
    ) -> Result<Vec<Opened>, StoreError> {
        let mut indexes = BTreeSet::new();
        let named: Vec<Digest> = events
            .iter()
            .filter_map(|event| answered(&event.record))
            .map(|(request, _)| request)
            .collect();
        for request in self.known.requests(&self.store, &named).await?.into_values() {
            indexes.insert(request.found.index);
        }
        let by_brand = events
            .iter()
            .filter(|event| !event.record.issuer.is_key() || is_ending_by_brand(&event.record));
        let places: Vec<u64> = indexes
            .iter()
            .copied()
            .chain(by_brand.map(|event| event.index))
            .chain(signed.iter().copied())
            .collect();
        for index in places {
            indexes.extend(self.store.keys_in_force(controller, index).await?);
        }
        let mut parts = Vec::new();
        for row in self.store.records_of(&indexes.into_iter().collect::<Vec<_>>()).await? {
            let bytes = Self::text(&row, None)?;
            parts.push(Opened {
                index: row.index,
                record: stored_record(&bytes)?,
                bytes,
            });
        }
        Ok(parts)
    }

    async fn shown_notices(&self, events: &[Opened]) -> Result<Vec<Vec<u8>>, StoreError> {
        let shown: BTreeSet<Digest> = events
            .iter()
            .filter_map(|event| answered(&event.record))
            .map(|(_, notice)| notice)
            .collect();
        let shown: Vec<Digest> = shown.into_iter().collect();
        let mut found = self.store.notices_of(&shown).await?;
        shown
            .iter()
            .map(|digest| found.remove(digest).ok_or(StoreError::Corrupt("notice")))
            .collect()
    }

    /// The first checkpoint with the grant, and with each batch of a decision, those around the moment that is asked about, and
    /// the head last.
    async fn checkpoints(
        &self,
        grant: u64,
        batches: &[u64],
        head: &Arc<Head>,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<Seen>, StoreError> {
        let mut found = self.first_checkpoints(grant).await?;
        for batch in batches {
            found.extend(self.first_checkpoints(*batch).await?);
        }
        match as_of {
            Some(moment) => found.extend(self.checkpoints_around(moment).await?),
            // The head may be too new for them.
            None => found.extend(self.last_cosigned(grant).await?),
        }
        let last = Seen {
            size: head.size,
            root: head.root,
            note: head.note.clone(),
            time: head.time,
        };
        // One that is newer than the head was committed since; the head stands for it.
        let kept = found.into_iter().filter(|seen| {
            let older = seen.size <= last.size && (seen.size, seen.time) <= (last.size, last.time);
            older && seen.size > grant && seen.note != last.note
        });
        // Of one tree there may be several, cosigned at several times.
        let kept: BTreeMap<(u64, Timestamp, String), Seen> = kept
            .map(|seen| ((seen.size, seen.time, seen.note.clone()), seen))
            .collect();
        Ok(kept.into_values().chain([last]).collect())
    }

    /// The operator's word, for each of the checkpoints, for the events below it.
    fn attest(
        &self,
        consent: &Digest,
        events: &[Opened],
        checkpoints: &[Seen],
    ) -> Result<Vec<Signed<StateAttestation>>, StoreError> {
        let mut sizes = BTreeSet::new();
        let mut attestations = Vec::new();
        for seen in checkpoints.iter().filter(|seen| sizes.insert(seen.size)) {
            let below = events.iter().take_while(|event| event.index < seen.size);
            let (Some(last), count) = (below.clone().last(), below.count()) else {
                continue;
            };
            attestations.push(self.voice.state(StateAttestation {
                version: Version,
                r#type: StateAttestationType::default(),
                origin: self.voice.origin.clone(),
                size: seen.size,
                root: Digest::from_bytes(*seen.root.as_bytes()),
                consent: *consent,
                events: count as u64,
                last_index: last.index,
                last_digest: last.record.digest(),
            })?);
        }
        Ok(attestations)
    }

    /// The anchors that no checkpoint of the bundle proves. One that is not of this log, which only a withdrawal may have,
    /// has no proof.
    async fn anchors(
        &self,
        events: &[Opened],
        checkpoints: &[Seen],
        head: &Head,
    ) -> Result<Vec<AnchorEvidence>, StoreError> {
        let proven: BTreeSet<u64> = checkpoints.iter().map(|seen| seen.size).chain([0]).collect();
        let mut wanted = BTreeMap::new();
        for anchor in events.iter().filter_map(|event| event.record.body.anchor()) {
            let root = Hash::new(*anchor.root.as_bytes());
            if anchor.size < head.size && !proven.contains(&anchor.size) && self.store.root(anchor.size).await? == root
            {
                wanted.insert(anchor.size, root);
            }
        }
        let tree = self
            .store
            .consistency(&wanted.keys().copied().collect::<Vec<_>>(), head.size)
            .await?;
        let anchor = |(size, root)| {
            Ok(AnchorEvidence {
                size,
                root,
                consistency: tree.consistency(size)?,
            })
        };
        wanted.into_iter().map(anchor).collect()
    }

    async fn openings(&self, opened: Vec<Opened>, head: &Head) -> Result<Vec<OpeningEvidence>, StoreError> {
        let indexes: Vec<u64> = opened.iter().map(|opened| opened.index).collect();
        let tree = self.store.inclusion(&indexes, head.size).await?;
        let secrets = self.keyring.secrets(&indexes).await?;
        let opening = |Opened { index, bytes, .. }| {
            let salt = secrets.get(&index).ok_or(StoreError::KeyLost(index))?.salt();
            Ok(OpeningEvidence {
                index,
                salt,
                record: bytes,
                proof: tree.inclusion(index)?,
            })
        };
        opened.into_iter().map(opening).collect()
    }

    async fn tied(&self, checkpoints: Vec<Seen>, head: &Head) -> Result<Vec<CheckpointEvidence>, StoreError> {
        let sizes: Vec<u64> = checkpoints.iter().map(|seen| seen.size).collect();
        let tree = self.store.consistency(&sizes, head.size).await?;
        let tied = |seen: Seen| {
            Ok(CheckpointEvidence {
                consistency: tree.consistency(seen.size)?,
                note: seen.note,
            })
        };
        checkpoints.into_iter().map(tied).collect()
    }
}

/// The request that a yes answers, and the notice that was shown for it.
fn answered(record: &Record) -> Option<(Digest, Digest)> {
    match &record.body {
        Body::ConsentGrant(grant) => Some((grant.request, grant.shown.notice)),
        Body::Renewal(renewal) => Some((renewal.request, renewal.shown.notice)),
        _ => None,
    }
}

/// A brand whose DID is a did:key signs with its registered keys too.
const fn is_ending_by_brand(record: &Record) -> bool {
    matches!(record.body, Body::EndedByController(_))
}
