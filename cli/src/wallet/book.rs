//! What a wallet remembers: its seed, the logs it knows, its consents, and what it has posted without an answer.

use anyhow::{Result, anyhow, bail};
use placet_kernel::misbehaviour::Statement;
use placet_kernel::sign::Algorithm;
use placet_kernel::trust::{IssuerKey, LogKeys, SizedDid, SizedVkey, Sizes, Trust, TrustBuilder};
use placet_schemas::api::{LogInfo, RecordAnswer};
use placet_schemas::id::{Did, Digest, Origin, decode_hex, encode_hex};
use placet_schemas::json;
use placet_schemas::lifecycle::State;
use placet_schemas::record::{CanonicalRecord, Kind, Record};
use placet_schemas::text::Text;
use placet_schemas::version::Version;
use placet_wallet::acknowledgement::LogTrust;
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::sight::{Fork, Sight};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::seal::MAX_FILE_BYTES;
use super::target::Asked;

/// Fewest characters by which a consent may be called, instead of all 64.
const MIN_PREFIX: usize = 6;

/// The content of a wallet file, version 1.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Book {
    version: Version<1>,
    /// 64 hex digits.
    seed: Zeroizing<String>,
    /// The logs, each with its keys as they were when it was first used.
    pub(super) logs: Vec<KnownLog>,
    /// The consents, in the order in which the wallet learnt of them.
    pub(super) consents: Vec<KnownConsent>,
    /// Records that were signed and not yet answered. They are sent again as they are, never signed anew.
    pub(super) pending: Vec<Pending>,
    /// Pairs of notes in which a log contradicts itself: proof of misbehaviour, to be shown.
    pub(super) forks: Vec<KeptFork>,
    /// Receipts of its consents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) receipts: Vec<KeptReceipt>,
    /// Keys of issuers, each as it was when its first receipt came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) issuers: Vec<IssuerKey>,
}

/// A receipt.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeptReceipt {
    /// The consent.
    pub(super) consent: Digest,
    /// Where the issuer is.
    pub(super) issuer: String,
    /// The receipt, as it was given.
    pub(super) credential: String,
}

/// A log, its node, and its keys, pinned at first use.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KnownLog {
    /// The node's address.
    pub(super) node: String,
    /// The log's name.
    pub(super) origin: Origin,
    checkpoint_key: String,
    cosigner_key: String,
    operator_key: Did,
    /// The largest checkpoint that is known to be consistent with all before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
    /// Checkpoints that came with an answer before the tiles that would prove them were there: checked next time.
    pub(super) unchecked: Vec<String>,
}

/// A consent of this wallet.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KnownConsent {
    /// The log.
    pub(super) origin: Origin,
    /// Which of the seed's keys signs it.
    pub(super) curve: Curve,
    /// The same.
    pub(super) generation: u32,
    /// The brand's name in law.
    pub(super) legal_name: Text,
    /// What the next event is judged by.
    pub(super) state: State,
    /// The withdrawal code; unknown when the consent was found from a seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<Zeroizing<String>>,
    /// What this wallet posted, with the log's answers.
    pub(super) kept: Vec<Kept>,
}

/// A record and the log's answer to it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// The record's canonical bytes.
    pub(super) record: String,
    /// The answer, which the wallet has checked.
    pub(super) answer: RecordAnswer,
}

/// A record on its way.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pending {
    /// The record's canonical bytes.
    pub(super) record: String,
    /// The consent, as it will be once the record is acknowledged.
    pub(super) consent: KnownConsent,
}

/// Two notes of one log for two trees of one size.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptFork {
    /// The log.
    pub(super) origin: Origin,
    /// Size of both trees.
    pub(super) size: u64,
    /// What was seen first.
    pub(super) seen: String,
    /// What contradicts it.
    pub(super) offered: String,
}

/// The curve of a person's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Curve {
    /// Ed25519.
    Ed25519,
    /// P-256, which phones' secure hardware has.
    P256,
}

impl Curve {
    /// The algorithm.
    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::Ed25519,
            Self::P256 => Algorithm::P256,
        }
    }
}

impl Book {
    /// An empty book of this seed.
    pub(super) fn new(seed: &Seed) -> Self {
        Self {
            version: Version,
            seed: Zeroizing::new(encode_hex(seed.as_bytes())),
            logs: Vec::new(),
            consents: Vec::new(),
            pending: Vec::new(),
            forks: Vec::new(),
            receipts: Vec::new(),
            issuers: Vec::new(),
        }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong =
            |fault: json::Fault| anyhow!("the wallet opened, but its content is not what it should be: {fault}");
        let document = json::parse(bytes, MAX_FILE_BYTES).map_err(wrong)?;
        let book: Self = json::decode(document.root()).map_err(wrong)?;
        book.seed()?;
        Ok(book)
    }

    /// The bytes to seal.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(json::to_jcs(self)?))
    }

    /// The seed.
    pub(super) fn seed(&self) -> Result<Seed> {
        let bytes = decode_hex(&self.seed).ok_or_else(|| anyhow!("the wallet's seed is not 64 hex digits"))?;
        Ok(Seed::from_bytes(*Zeroizing::new(bytes)))
    }

    /// The log of this name.
    pub(super) fn log(&self, origin: &Origin) -> Result<&KnownLog> {
        let known = self.logs.iter().find(|log| log.origin == *origin);
        known.ok_or_else(|| anyhow!("the wallet does not know the log {origin}"))
    }

    /// The log of this name, to be changed.
    pub(super) fn log_mut(&mut self, origin: &Origin) -> Result<&mut KnownLog> {
        let known = self.logs.iter_mut().find(|log| log.origin == *origin);
        known.ok_or_else(|| anyhow!("the wallet does not know the log {origin}"))
    }

    /// Pins the keys of a log at its first use; later, holds the node to them.
    ///
    /// # Errors
    /// When the log is known by other keys. The wallet never takes new keys on a node's word.
    pub(super) fn meet(&mut self, node: &str, info: &LogInfo) -> Result<Meeting> {
        let Some(known) = self.logs.iter_mut().find(|log| log.origin == info.origin) else {
            let log = KnownLog::new(node, info);
            log.trust()?;
            self.logs.push(log);
            return Ok(Meeting::First);
        };
        let same = known.checkpoint_key == info.checkpoint_key
            && known.cosigner_key == info.cosigner_key
            && known.operator_key == info.operator_key;
        if !same {
            bail!(
                "{node} shows other keys for the log {} than those pinned at its first use; nothing was sent",
                info.origin
            );
        }
        node.clone_into(&mut known.node);
        Ok(Meeting::Again)
    }

    /// What this wallet holds of the log's operator: the checkpoint that it saw last, and all acknowledgements.
    pub(super) fn statements(&self, origin: &Origin) -> Vec<Statement> {
        let seen = self.log(origin).ok().and_then(|log| log.seen.clone());
        let consents = self.consents.iter().filter(|consent| consent.origin == *origin);
        let kept = consents.flat_map(|consent| &consent.kept);
        let acknowledged = kept.map(|kept| Statement::Acknowledgement(kept.answer.acknowledgement.clone()));
        seen.map(Statement::Checkpoint)
            .into_iter()
            .chain(acknowledged)
            .collect()
    }

    /// The consent whose id starts so.
    pub(super) fn find(&self, prefix: &str) -> Result<&KnownConsent> {
        let prefix = prefix.trim().to_lowercase();
        if prefix.len() < MIN_PREFIX {
            bail!("name the consent by at least the first {MIN_PREFIX} characters of its id");
        }
        let starts = |consent: &&KnownConsent| consent.state.consent.to_string().starts_with(&prefix);
        let mut found = self.consents.iter().filter(starts);
        match (found.next(), found.next()) {
            (Some(consent), None) => Ok(consent),
            (None, _) => bail!("the wallet has no consent {prefix}; `placet wallet show` lists them"),
            (Some(_), Some(_)) => bail!("more than one consent starts with {prefix}"),
        }
    }

    /// The consent of this id, to be changed.
    pub(super) fn consent_mut(&mut self, id: &Digest) -> Option<&mut KnownConsent> {
        self.consents.iter_mut().find(|consent| consent.state.consent == *id)
    }

    /// The unanswered record of this kind about this consent.
    pub(super) fn pending_of(&self, consent: &Digest, kind: Kind) -> Result<Option<Pending>> {
        for pending in &self.pending {
            if pending.consent.state.consent == *consent && pending.parsed()?.kind() == kind {
                return Ok(Some(pending.clone()));
            }
        }
        Ok(None)
    }

    /// The unanswered grant that answers this invitation or this request.
    pub(super) fn pending_grant(&self, asked: &Asked) -> Result<Option<Pending>> {
        for pending in &self.pending {
            let record = pending.parsed()?;
            let matches = match asked {
                Asked::Invitation(invitation) => record.proof.challenge.as_ref() == Some(invitation),
                Asked::Request(request) => {
                    record.kind() == Kind::ConsentGrant && pending.consent.state.request == *request
                }
            };
            if matches {
                return Ok(Some(pending.clone()));
            }
        }
        Ok(None)
    }

    /// Forgets a record that has its final answer.
    pub(super) fn settle(&mut self, record: &str) {
        self.pending.retain(|pending| pending.record != record);
    }

    /// Keeps the two notes of a fork.
    pub(super) fn keep_fork(&mut self, origin: &Origin, fork: &Fork) {
        let kept = KeptFork {
            origin: origin.clone(),
            size: fork.size,
            seen: fork.seen.clone(),
            offered: fork.offered.clone(),
        };
        if !self.forks.iter().any(|old| old.offered == kept.offered) {
            self.forks.push(kept);
        }
    }
}

/// Whether a log was met before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meeting {
    /// Its keys have just been pinned.
    First,
    /// They are the pinned ones.
    Again,
}

impl KnownLog {
    /// The log as its node presents itself. Not pinned anywhere yet.
    pub(super) fn new(node: &str, info: &LogInfo) -> Self {
        Self {
            node: node.to_owned(),
            origin: info.origin.clone(),
            checkpoint_key: info.checkpoint_key.clone(),
            cosigner_key: info.cosigner_key.clone(),
            operator_key: info.operator_key.clone(),
            seen: None,
            unchecked: Vec::new(),
        }
    }

    /// The keys, to judge answers with.
    pub(super) fn trust(&self) -> Result<LogTrust> {
        let operators = [self.operator_key.clone()];
        Ok(LogTrust::new(self.origin.clone(), &[&self.checkpoint_key], &operators)?)
    }

    /// The same keys, to judge an evidence bundle with. The wallet knows of no witness: times are the operator's word.
    pub(super) fn bundle_trust(&self) -> Result<Trust> {
        Ok(self.trust_builder()?.quorum(placet_kernel::trust::QUORUM_NONE)?)
    }

    /// The same, to which more may be added.
    pub(super) fn trust_builder(&self) -> Result<TrustBuilder> {
        let sizes = Sizes::ALL;
        let vkey = |vkey: &str| {
            vec![SizedVkey {
                vkey: vkey.to_owned(),
                sizes,
            }]
        };
        let keys = LogKeys {
            origin: self.origin.clone(),
            checkpoint_keys: vkey(&self.checkpoint_key),
            cosigner_keys: vkey(&self.cosigner_key),
            operator_keys: vec![SizedDid {
                key: self.operator_key.clone(),
                sizes,
            }],
        };
        Ok(TrustBuilder::default().log(&keys)?)
    }

    /// What was seen of the log, checked anew.
    pub(super) fn sight(&self) -> Result<Sight> {
        match &self.seen {
            Some(note) => Ok(Sight::restore(note, &self.trust()?)?),
            None => Ok(Sight::default()),
        }
    }

    /// Remembers what was seen.
    pub(super) fn saw(&mut self, sight: &Sight) {
        self.seen = sight.note().map(str::to_owned);
    }

    /// Lines by which a person can compare the keys with what the operator publishes elsewhere.
    pub(super) fn fingerprints(&self) -> [String; 3] {
        [
            format!("checkpoint key {}", self.checkpoint_key),
            format!("cosigner key   {}", self.cosigner_key),
            format!("operator key   {}", self.operator_key),
        ]
    }
}

impl KnownConsent {
    /// The key that signs for this consent.
    pub(super) fn key(&self, seed: &Seed) -> SoftwareKey {
        seed.pairwise(
            &self.origin,
            &self.state.controller,
            self.curve.algorithm(),
            self.generation,
        )
    }
}

impl Pending {
    /// The record, parsed.
    pub(super) fn parsed(&self) -> Result<Record> {
        let parsed = CanonicalRecord::parse(self.record.as_bytes());
        Ok(parsed
            .map_err(|fault| anyhow!("a kept record is damaged: {fault}"))?
            .record)
    }
}
