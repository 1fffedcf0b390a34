//! Receipts: what a person shows of her consent, to somebody who may have nothing else.
//!
//! Three questions, each answered by itself. *Issued*: did an issuer that the trust file names sign it? *Recorded*: is a record
//! with this digest in the log, under a checkpoint by a pinned key? *In force*: does the issuer say now that the consent is not
//! over? The scope that a receipt tells is the issuer's word: the log has the record's digest, not what it says.
//!
//! A list that is missing, too old or of another issuer is no answer, and so is a receipt from the future: it cannot be told,
//! and whoever must decide denies.

use placet_schemas::credential::Secured;
use placet_schemas::credential::receipt::Receipt;
use placet_schemas::credential::status::StatusList;
use placet_schemas::id::{DidUrl, Origin};
use placet_schemas::json::Fault;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::bundle::{Finding, Findings, Question, TrustSource, Verdict};
use crate::checkpoint::SignedCheckpoint;
use crate::credential::{self, CredentialError};
use crate::keys::PublicKey;
use crate::leaf::Salt;
use crate::merkle;
use crate::pinned;
use crate::status::{Bits, StatusError};
use crate::tlog_proof::TlogProof;
use crate::trust::Trust;

/// How far an issuer's clock may be ahead of the judge's, in seconds.
pub const MAX_AHEAD_SECONDS: u64 = 10;

const OTHER_RECEIPT: &str = "ask the holder for the receipt as it was issued";
const PIN_ISSUER: &str = "pin the issuer's key in the trust file (issuers), once you know whose it is";
const FETCH_LIST: &str = "fetch the status list anew from where the receipt says it is";

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptReport {
    /// Did an issuer whom the trust file names sign it?
    pub issued: Verdict,
    /// Is the record in the log?
    pub recorded: Verdict,
    /// Is the consent in force at [`Self::at`], by the issuer's status list?
    pub in_force: Verdict,
    /// The moment that `in_force` is about: the judge's now.
    pub at: Timestamp,
    /// Where the trust came from.
    pub trust: TrustSource,
    /// What it says; what that is worth, `issued` tells.
    pub receipt: Receipt,
    /// What the judge noticed.
    pub findings: Vec<Finding>,
}

/// Judges a receipt, with the status list that it names, if the caller has it. `now` is the judge's clock.
///
/// # Errors
/// When the bytes are no receipt, or those of the list no list, with the JSON pointer of the fault.
pub fn verify(
    bytes: &[u8],
    list: Option<&[u8]>,
    trust: Option<&Trust>,
    now: Timestamp,
) -> Result<ReceiptReport, Fault> {
    let receipt = parse(bytes)?;
    let list = list.map(Secured::<StatusList>::parse).transpose()?;
    let mut judge = Judge {
        receipt: &receipt,
        findings: Findings::default(),
        source: TrustSource {
            origin: None,
            quorum: trust.map(|trust| trust.quorum().to_owned()),
            fingerprints: Vec::new(),
        },
    };
    let log = judge.log(trust);
    judge.issued(log.as_ref());
    judge.in_force(log.as_ref(), list.as_ref(), now);
    let Judge { findings, source, .. } = judge;
    let (issued, recorded) = (findings.verdict(Question::Issued), findings.verdict(Question::Recorded));
    // What nobody is known to have said is in force by nobody's word.
    let by_whom = if issued == Verdict::Holds && recorded == Verdict::Holds {
        Verdict::Holds
    } else {
        Verdict::CannotTell
    };
    Ok(ReceiptReport {
        issued,
        recorded,
        in_force: findings.verdict(Question::InForce).max(by_whom),
        at: now,
        trust: source,
        receipt: receipt.credential,
        findings: findings.0,
    })
}

/// Parses a receipt.
///
/// # Errors
/// The first fault, with its JSON pointer.
pub fn parse(bytes: &[u8]) -> Result<Secured<Receipt>, Fault> {
    Secured::parse(bytes)
}

/// The log of the receipt, which is trusted.
struct Pinned<'t> {
    trust: &'t Trust,
    origin: Origin,
}

impl Pinned<'_> {
    fn key(&self, method: &DidUrl, size: u64) -> Option<PublicKey> {
        self.trust.issuer_key(&self.origin, method, size).cloned()
    }
}

struct Judge<'a> {
    receipt: &'a Secured<Receipt>,
    findings: Findings,
    source: TrustSource,
}

impl Judge<'_> {
    /// Judges the evidence; gives the log, where it is trusted.
    fn log<'t>(&mut self, trust: Option<&'t Trust>) -> Option<Pinned<'t>> {
        const PLACE: &str = "/evidence/tlogProof";
        let (receipt, question) = (&self.receipt.credential, Question::Recorded);
        let evidence = &receipt.evidence;
        let proof: TlogProof = match evidence.tlog_proof.parse() {
            Ok(proof) => proof,
            Err(error) => {
                self.findings
                    .wrong(question, "receipt_proof_malformed", PLACE, error.to_string());
                return None;
            }
        };
        let note = proof.checkpoint_note();
        let Ok(claimed) = pinned::claimed(note) else {
            self.findings.wrong(
                question,
                "receipt_checkpoint_malformed",
                PLACE,
                "the proof has no checkpoint",
            );
            return None;
        };
        let (origin, size) = (claimed.origin().clone(), claimed.size());
        self.source.origin = Some(origin.clone());
        let Some((trust, log)) = trust.and_then(|trust| Some((trust, trust.log(&origin)?))) else {
            let why = format!("no key of the log {origin} is pinned");
            self.findings.missing(
                question,
                "log_untrusted",
                PLACE,
                why,
                "pin the log's keys in the trust file",
            );
            return None;
        };
        let salt = Salt::from_bytes(*evidence.salt.as_bytes());
        let leaf = merkle::leaf_hash(&salt.leaf(&receipt.credential_subject.record));
        let opened = pinned::keys_for(note, &origin, trust, log)
            .and_then(|keys| proof.verify_exact(&leaf, &keys).map_err(|error| error.to_string()));
        match opened {
            Ok(signed) => self.sizes(&signed),
            Err(why) => self.findings.wrong(question, "receipt_not_recorded", PLACE, why),
        }
        if size > evidence.log_size {
            let why = "the issuer cannot have read less of the log than its proof is from";
            self.findings
                .wrong(question, "receipt_log_size", "/evidence/logSize", why);
        }
        Some(Pinned { trust, origin })
    }

    fn sizes(&mut self, signed: &SignedCheckpoint) {
        let why = format!(
            "the record is in the log of {} records; the issuer had read {} when it issued",
            signed.checkpoint().size(),
            self.receipt.credential.evidence.log_size
        );
        self.findings
            .note_on(Question::Recorded, "receipt_recorded", "/evidence", why);
    }

    fn issued(&mut self, log: Option<&Pinned<'_>>) {
        let (receipt, question) = (&self.receipt.credential, Question::Issued);
        for (proof, _) in &self.receipt.proofs {
            self.source.fingerprints.push(proof.verification_method.to_string());
        }
        let size = receipt.evidence.log_size;
        let judged = credential::verify(self.receipt, |method| log?.key(method, size));
        match judged {
            Ok(_) => {}
            Err(CredentialError::UnknownKey(method)) => {
                let why = format!("the key {method} is not pinned for a log of {size} records");
                self.findings
                    .missing(question, "issuer_unknown", "/proof/verificationMethod", why, PIN_ISSUER);
            }
            Err(error @ CredentialError::NoProof) => {
                self.findings
                    .missing(question, error.code(), "/proof", error.to_string(), OTHER_RECEIPT);
            }
            Err(error) => self.findings.wrong(question, error.code(), "/proof", error.to_string()),
        }
    }

    fn in_force(&mut self, log: Option<&Pinned<'_>>, list: Option<&Secured<StatusList>>, now: Timestamp) {
        let (receipt, question) = (&self.receipt.credential, Question::InForce);
        if receipt.valid_from > now.plus_seconds(MAX_AHEAD_SECONDS) {
            let why = format!("it is issued at {}, and now is {now}", receipt.valid_from);
            self.findings
                .missing(question, "receipt_not_yet", "/validFrom", why, "set the clock, or wait");
        }
        if now >= receipt.valid_until {
            let why = format!("the consent expired at {}", receipt.valid_until);
            self.findings.refuted("receipt_expired", "/validUntil", why);
        }
        let Some(list) = list else {
            let why = format!(
                "its status list was not given: {}",
                receipt.credential_status.status_list_credential
            );
            return self
                .findings
                .missing(question, "status_missing", "/credentialStatus", why, FETCH_LIST);
        };
        if let Err((code, why)) = self.usable(log, list, now) {
            return self.findings.missing(
                question,
                code,
                "/credentialStatus/statusListCredential",
                why,
                FETCH_LIST,
            );
        }
        match set(self.receipt, list) {
            Ok(false) => {}
            Ok(true) => self.findings.refuted(
                "receipt_revoked",
                "/credentialStatus",
                "the issuer says that the consent is over, or that less is left of it",
            ),
            Err(error) => {
                let place = "/credentialStatus/statusListIndex";
                self.findings
                    .missing(question, error.code(), place, error.to_string(), FETCH_LIST);
            }
        }
    }

    /// Whether this list speaks of this receipt, now.
    fn usable(
        &self,
        log: Option<&Pinned<'_>>,
        list: &Secured<StatusList>,
        now: Timestamp,
    ) -> Result<(), (&'static str, String)> {
        let receipt = &self.receipt.credential;
        let said = &list.credential;
        if said.issuer != receipt.issuer {
            return Err(("status_other_issuer", format!("the status list is {}'s", said.issuer)));
        }
        if said.id != receipt.credential_status.status_list_credential {
            return Err(("status_other_list", format!("the status list is {}", said.id)));
        }
        // A list is of today, so it is signed by a key that is in use.
        let newest = u64::MAX;
        credential::verify(list, |method| log?.key(method, newest)).map_err(|error| {
            let code = match error {
                CredentialError::UnknownKey(_) => "status_unknown_key",
                _ => "status_bad_signature",
            };
            (code, format!("the status list: {error}"))
        })?;
        if said.valid_from > now.plus_seconds(MAX_AHEAD_SECONDS) {
            return Err(("status_not_yet", format!("the status list is of {}", said.valid_from)));
        }
        if now >= said.valid_until {
            return Err((
                "status_stale",
                format!("the status list was good until {}", said.valid_until),
            ));
        }
        Ok(())
    }
}

fn set(receipt: &Secured<Receipt>, list: &Secured<StatusList>) -> Result<bool, StatusError> {
    let bits = Bits::from_bitstring(&list.credential.credential_subject.encoded_list)?;
    bits.get(receipt.credential.credential_status.status_list_index.0)
}
