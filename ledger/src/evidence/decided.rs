//! The decisions of a bundle: the brand's verifier hands them in, and the ledger adds what ties them to the log.
//!
//! What comes is checked as far as this log can tell: by what tree of it a decision was made, and in which batch it is. Whether
//! it was right is for the kernel to say, at the reader's.

use placet_kernel::access::entry_hash;
use placet_kernel::bundle::{BatchEvidence, DecisionEvidence, OpeningEvidence};
use placet_kernel::decision::{self, DisclosedHead, SignedDecision};
use placet_kernel::merkle::{Hash, verify_inclusion};
use placet_schemas::api::{PostedDecision, PostedPlace};
use placet_schemas::id::{Did, Digest};

use super::Opened;
use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::node::Node;
use crate::reads::Party;
use crate::tree::Head;

/// Why there is no evidence with these decisions.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A decision is none of this log and brand, or not where it is said to be.
    #[error("decision {at}: {why}")]
    Decision {
        /// Which one, from 0.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The store cannot answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A decision, and where the log has it.
pub(super) struct Decided {
    posted: PostedDecision,
    /// Size of the tree that it rests on.
    pub(super) size: Option<u64>,
    batch: Option<Opened>,
}

impl Ledger {
    /// The evidence bundle of a consent, with what the brand's verifiers decided about it. `None` if there is no consent of that
    /// id, or it is none of the brand's.
    ///
    /// # Errors
    /// See [`EvidenceError`].
    pub async fn evidence_of_decisions(
        &self,
        brand: &Did,
        id: &Digest,
        decisions: Vec<PostedDecision>,
    ) -> Result<Option<Vec<u8>>, EvidenceError> {
        let mut decided = Vec::with_capacity(decisions.len());
        for (at, posted) in decisions.into_iter().enumerate() {
            let found = self.node().decided(brand, posted).await?;
            decided.push(found.map_err(|why| EvidenceError::Decision { at, why })?);
        }
        let who = Party::Controller(brand.clone());
        Ok(self.bundle(&who, id, None, decided).await?)
    }
}

impl Decided {
    /// The place of its batch.
    pub(super) fn batch(&self) -> Option<u64> {
        self.batch.as_ref().map(|batch| batch.index)
    }
}

impl Node {
    /// Looks up where a decision belongs; what is wrong with it otherwise.
    async fn decided(&self, brand: &Did, posted: PostedDecision) -> Result<Result<Decided, String>, StoreError> {
        let SignedDecision { statement, head, .. } = match decision::read(&posted.decision) {
            Ok(read) => read,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if statement.origin != self.voice.origin || statement.controller != *brand {
            return Ok(Err("it is of another log, or another brand's".to_owned()));
        }
        let head = head.as_ref().map(DisclosedHead::head);
        if let Some(head) = head {
            let (size, root) = (head.size, Hash::new(*head.root.as_bytes()));
            if size > self.head().size || self.store.root(size).await? != root {
                return Ok(Err("the head that it rests on is of no tree of this log".to_owned()));
            }
        }
        let batch = match &posted.batch {
            Some(place) => match self.holding(brand, &posted.decision, place).await? {
                Ok(batch) => Some(batch),
                Err(why) => return Ok(Err(why.to_owned())),
            },
            None => None,
        };
        Ok(Ok(Decided {
            posted,
            size: head.map(|head| head.size),
            batch,
        }))
    }

    /// The batch that has a decision at this place. Who does not know an entry of a batch is not shown it.
    async fn holding(
        &self,
        brand: &Did,
        decision: &str,
        place: &PostedPlace,
    ) -> Result<Result<Opened, &'static str>, StoreError> {
        let Some((opened, batch)) = self.opened_batch(brand, &place.record).await? else {
            return Ok(Err("no batch of the brand has that digest"));
        };
        let (entry, root) = (entry_hash(decision.as_bytes()), Hash::new(*batch.root.as_bytes()));
        let proof = hashes(&place.proof);
        let held = verify_inclusion(&entry, place.seq, batch.entries, &proof, &root);
        Ok(held
            .map(|()| opened)
            .map_err(|_| "it is not at that place of that batch"))
    }

    /// The parts of the bundle.
    pub(super) async fn decisions(
        &self,
        decided: Vec<Decided>,
        head: &Head,
    ) -> Result<Vec<DecisionEvidence>, StoreError> {
        let older = |decided: &Decided| decided.size.filter(|size| (1..head.size).contains(size));
        let sizes: Vec<u64> = decided.iter().filter_map(older).collect();
        let tree = self.store.consistency(&sizes, head.size).await?;
        let mut parts = Vec::with_capacity(decided.len());
        for one in decided {
            let consistency = older(&one).map(|size| tree.consistency(size)).transpose()?;
            let Decided { posted, batch, .. } = one;
            let opened = self.openings(batch.into_iter().collect(), head).await?.pop();
            let batch = opened
                .zip(posted.batch)
                .map(|(opening, place)| anchoring(opening, &place));
            parts.push(DecisionEvidence {
                authorization: posted.authorization,
                decision: posted.decision,
                consistency: consistency.unwrap_or_default(),
                batch,
            });
        }
        Ok(parts)
    }
}

fn anchoring(opening: OpeningEvidence, place: &PostedPlace) -> BatchEvidence {
    BatchEvidence {
        opening,
        seq: place.seq,
        entry_proof: hashes(&place.proof),
    }
}

fn hashes(proof: &[Digest]) -> Vec<Hash> {
    proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect()
}
