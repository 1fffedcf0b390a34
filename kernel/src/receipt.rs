//! Receipts: what a person shows of her consent, to somebody who may have nothing else.
//!
//! Three questions, each answered by itself. *Issued*: did an issuer that the trust file names sign it? *Recorded*: is a record
//! with this digest in the log, under a checkpoint by a pinned key? *In force*: does the issuer say now that the consent is not
//! over? The scope that a receipt tells is the issuer's word: the log has the record's digest, not what it says.
//!
//! A list that is missing, too old or of another issuer is no answer, and so is a receipt from the future: it cannot be told,
//! and whoever must decide denies.

mod judge;
mod presented;
mod withheld;

use placet_schemas::credential::Secured;
use placet_schemas::credential::receipt::Receipt;
use placet_schemas::credential::status::StatusList;
use placet_schemas::json::Fault;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use self::judge::{Facts, Judge, PIN_ISSUER, Pinned};
use crate::bundle::{Finding, Question, TrustSource, Verdict};
use crate::credential::{self, CredentialError, Forms};
use crate::status::Bits;
use crate::trust::Trust;

pub use self::judge::MAX_AHEAD_SECONDS;
pub use self::presented::{Challenge, MAX_TOKEN_LIST_BYTES, PresentedReport, read_presented, verify_presented};
pub use self::withheld::withheld;

const OTHER_RECEIPT: &str = "ask the holder for the receipt as it was issued";

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

/// Judges a receipt, with the status list that it names, if the caller has it. `now` is the judge's clock, and `forms` what
/// proofs may be over besides RFC 8785.
///
/// # Errors
/// When the bytes are no receipt, or those of the list no list, with the JSON pointer of the fault.
pub fn verify(
    bytes: &[u8],
    list: Option<&[u8]>,
    trust: Option<&Trust>,
    now: Timestamp,
    forms: &dyn Forms,
) -> Result<ReceiptReport, Fault> {
    let receipt = parse(bytes)?;
    let list = list.map(Secured::<StatusList>::parse).transpose()?;
    let said = &receipt.credential;
    let facts = Facts {
        salt: Some(&said.evidence.salt),
        record: said.credential_subject.record,
        tlog_proof: &said.evidence.tlog_proof,
        log_size: said.evidence.log_size,
        valid_from: said.valid_from,
        valid_until: said.valid_until,
        list: said.credential_status.status_list_credential.as_str(),
        index: said.credential_status.status_list_index.0,
        places: &judge::DATA_INTEGRITY,
    };
    let mut judge = Judge::new(facts, trust);
    for (proof, _) in &receipt.proofs {
        judge.source.fingerprints.push(proof.verification_method.to_string());
    }
    let log = judge.log(trust);
    issued(&mut judge, &receipt, log.as_ref(), forms);
    let bits = list
        .as_ref()
        .map(|list| usable(&receipt, list, log.as_ref(), now, forms));
    judge.in_force(bits, now);
    let (findings, trust) = (judge.findings, judge.source);
    let (issued, recorded) = (findings.verdict(Question::Issued), findings.verdict(Question::Recorded));
    Ok(ReceiptReport {
        issued,
        recorded,
        in_force: judge::in_force_by(&findings, &[issued, recorded]),
        at: now,
        trust,
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

fn issued(judge: &mut Judge<'_>, receipt: &Secured<Receipt>, log: Option<&Pinned<'_>>, forms: &dyn Forms) {
    const METHOD: &str = "/proof/verificationMethod";
    let (question, size) = (Question::Issued, receipt.credential.evidence.log_size);
    match credential::verify(receipt, |method| log?.key(method, size), forms) {
        Ok(_) => {}
        Err(CredentialError::UnknownKey(method)) => {
            let why = format!("the key {method} is not pinned for a log of {size} records");
            judge
                .findings
                .missing(question, "issuer_unknown", METHOD, why, PIN_ISSUER);
        }
        Err(error @ (CredentialError::NoProof | CredentialError::NoForm(_))) => {
            let why = error.to_string();
            judge
                .findings
                .missing(question, error.code(), "/proof", why, OTHER_RECEIPT);
        }
        Err(error) => judge
            .findings
            .wrong(question, error.code(), "/proof", error.to_string()),
    }
}

/// The bits of this list, if it speaks of this receipt, now.
fn usable(
    receipt: &Secured<Receipt>,
    list: &Secured<StatusList>,
    log: Option<&Pinned<'_>>,
    now: Timestamp,
    forms: &dyn Forms,
) -> Result<Bits, (&'static str, String)> {
    let (receipt, said) = (&receipt.credential, &list.credential);
    if said.issuer != receipt.issuer {
        return Err(("status_other_issuer", format!("the status list is {}'s", said.issuer)));
    }
    if said.id != receipt.credential_status.status_list_credential {
        return Err(("status_other_list", format!("the status list is {}", said.id)));
    }
    credential::verify(list, |method| log?.key(method, judge::NEWEST), forms).map_err(|error| {
        let code = match error {
            CredentialError::UnknownKey(_) => "status_unknown_key",
            _ => "status_bad_signature",
        };
        (code, format!("the status list: {error}"))
    })?;
    judge::in_time(said.valid_from, said.valid_until, now)?;
    Bits::from_bitstring(&said.credential_subject.encoded_list).map_err(|error| (error.code(), error.to_string()))
}
