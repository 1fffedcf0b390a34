//! A receipt as SD-JWT VC, as it is presented: some of it disclosed, and bound to whoever asked.

use placet_schemas::credential::sd_jwt::{
    RECEIPT_VCT, SD_JWT_VC_TYP, SdReceipt, TOKEN_STATUS_LIST_TYP, TokenStatusList,
};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::judge::{self, Facts, Judge, PIN_ISSUER, Pinned};
use crate::bundle::{Finding, Question, TrustSource, Verdict};
use crate::jws::{self, JwsError};
use crate::keys::PublicKey;
use crate::sd_jwt::{self, BindingError, MAX_SD_JWT_BYTES, SdJwt, SdJwtError};
use crate::sign::Algorithm;
use crate::status::{Bits, MAX_ENCODED_CHARACTERS};
use crate::trust::Trust;

/// Longest Token Status List, in bytes.
pub const MAX_TOKEN_LIST_BYTES: usize = MAX_ENCODED_CHARACTERS / 3 * 4 + 4096;

/// What whoever asked for a presentation has said.
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// Who asked.
    pub audience: &'a str,
    /// The nonce, which is used up by the asking.
    pub nonce: &'a str,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PresentedReport {
    /// Did an issuer whom the trust file names sign it?
    pub issued: Verdict,
    /// Is the record in the log?
    pub recorded: Verdict,
    /// Is the consent in force at [`Self::at`], by the issuer's status list?
    pub in_force: Verdict,
    /// Does whoever presents it hold the key that it is bound to, and mean whoever asks here?
    pub bound: Verdict,
    /// The moment that `in_force` is about: the judge's now.
    pub at: Timestamp,
    /// Where the trust came from.
    pub trust: TrustSource,
    /// What is shown of it; what that is worth, `issued` tells.
    pub receipt: SdReceipt,
    /// What the judge noticed.
    pub findings: Vec<Finding>,
}

impl PresentedReport {
    /// Whether the receipt names this controller.
    #[must_use]
    pub fn names(&self, controller: &Did) -> bool {
        let mut named = self.receipt.controllers.all().iter();
        named.any(|named| named.id == *controller)
    }
}

/// Judges a receipt as it is presented, with the Token Status List that it names, if the caller has it. Without a challenge it
/// is judged as it was issued: nobody knows then who holds it.
///
/// # Errors
/// [`SdJwtError`] when the text is no receipt, or the list no token.
pub fn verify_presented(
    text: &str,
    list: Option<&str>,
    challenge: Option<Challenge<'_>>,
    trust: Option<&Trust>,
    now: Timestamp,
) -> Result<PresentedReport, SdJwtError> {
    let token = SdJwt::parse(text)?;
    let (receipt, method, holder) = read(&token)?;
    let times = (Timestamp::from_unix(receipt.iat), Timestamp::from_unix(receipt.exp));
    let (Some(valid_from), Some(valid_until), true) = (times.0, times.1, receipt.vct == RECEIPT_VCT) else {
        return Err(SdJwtError::Form);
    };
    let facts = Facts {
        salt: receipt.evidence.salt.as_ref(),
        record: receipt.record,
        tlog_proof: &receipt.evidence.tlog_proof,
        log_size: receipt.evidence.log_size,
        valid_from,
        valid_until,
        list: receipt.status.status_list.uri.as_str(),
        index: receipt.status.status_list.idx,
        places: &judge::SD_JWT,
    };
    let mut judge = Judge::new(facts, trust);
    judge.source.fingerprints.push(method.to_string());
    let log = judge.log(trust);
    issued(&mut judge, token.jwt, receipt.evidence.log_size, log.as_ref());
    let bits = list.map(|list| usable(&receipt, &method, list, log.as_ref(), now));
    judge.in_force(bits, now);
    if let Some(Challenge { audience, nonce }) = challenge {
        bound(&mut judge, token.check_binding(holder.as_ref(), audience, nonce, now));
    }
    let (findings, trust) = (judge.findings, judge.source);
    let (issued, recorded) = (findings.verdict(Question::Issued), findings.verdict(Question::Recorded));
    let bound = match challenge {
        Some(_) => findings.verdict(Question::Bound),
        None => Verdict::CannotTell,
    };
    Ok(PresentedReport {
        issued,
        recorded,
        in_force: judge::in_force_by(&findings, &[issued, recorded]),
        bound,
        at: now,
        trust,
        receipt,
        findings: findings.0,
    })
}

/// What is shown of a receipt. Nothing is verified.
///
/// # Errors
/// [`SdJwtError`] when the text is no receipt.
pub fn read_presented(text: &str) -> Result<SdReceipt, SdJwtError> {
    read(&SdJwt::parse(text)?).map(|(receipt, ..)| receipt)
}

/// What is shown, who says that he signed it, and the holder's key.
fn read(token: &SdJwt<'_>) -> Result<(SdReceipt, DidUrl, Option<PublicKey>), SdJwtError> {
    let (method, payload) = claimed(token.jwt)?;
    let whole = sd_jwt::disclosed(&payload, token)?;
    let bytes = json::to_jcs(&whole).map_err(|_| SdJwtError::Form)?;
    let document = json::parse(&bytes, MAX_SD_JWT_BYTES).map_err(SdJwtError::Payload)?;
    let receipt: SdReceipt = json::decode(document.root()).map_err(SdJwtError::Payload)?;
    Ok((receipt, method, sd_jwt::holder(document.root())))
}

/// Who says that he signed, and what; nothing is verified.
fn claimed(jwt: &str) -> Result<(DidUrl, Vec<u8>), SdJwtError> {
    let method = match jws::verify_within(jwt, SD_JWT_VC_TYP, MAX_SD_JWT_BYTES, |_| None) {
        Err(JwsError::UnknownKey(method)) => method,
        Err(JwsError::Header(fault)) => return Err(SdJwtError::Payload(fault)),
        _ => return Err(SdJwtError::Form),
    };
    Ok((method, jws::payload(jwt).ok_or(SdJwtError::Form)?))
}

fn issued(judge: &mut Judge<'_>, jwt: &str, size: u64, log: Option<&Pinned<'_>>) {
    let question = Question::Issued;
    let key = |method: &DidUrl| es256(log?.key(method, size));
    match jws::verify_within(jwt, SD_JWT_VC_TYP, MAX_SD_JWT_BYTES, key) {
        Ok(_) => {}
        Err(JwsError::UnknownKey(method)) => {
            let why = format!("the key {method} is not pinned for a log of {size} records");
            judge
                .findings
                .missing(question, "issuer_unknown", "/kid", why, PIN_ISSUER);
        }
        Err(error) => judge.findings.wrong(question, error.code(), "", error.to_string()),
    }
}

fn bound(judge: &mut Judge<'_>, binding: Result<(), BindingError>) {
    const ASK: &str = "ask for a presentation that is made for this verifier, with a nonce of its own";
    match binding {
        Ok(()) => {}
        Err(error @ BindingError::Missing) => {
            let why = error.to_string();
            judge.findings.missing(Question::Bound, error.code(), "", why, ASK);
        }
        Err(error) => judge
            .findings
            .wrong(Question::Bound, error.code(), "", error.to_string()),
    }
}

/// The bits of this list, if it speaks of this receipt, now.
fn usable(
    receipt: &SdReceipt,
    method: &DidUrl,
    list: &str,
    log: Option<&Pinned<'_>>,
    now: Timestamp,
) -> Result<Bits, (&'static str, String)> {
    let key = |method: &DidUrl| es256(log?.key(method, judge::NEWEST));
    let verified = jws::verify_within(list.trim(), TOKEN_STATUS_LIST_TYP, MAX_TOKEN_LIST_BYTES, key);
    let (signer, payload) = verified.map_err(|error| {
        let code = match error {
            JwsError::UnknownKey(_) => "status_unknown_key",
            _ => "status_bad_signature",
        };
        (code, format!("the status list: {error}"))
    })?;
    // Another issuer that is pinned as well speaks for its own receipts only.
    if signer.did_str() != method.did_str() {
        return Err(("status_other_issuer", format!("the status list is by {signer}")));
    }
    let malformed = |why: String| ("status_malformed", format!("the status list: {why}"));
    let document = json::parse(&payload, MAX_TOKEN_LIST_BYTES).map_err(|fault| malformed(fault.to_string()))?;
    let said: TokenStatusList = json::decode(document.root()).map_err(|fault| malformed(fault.to_string()))?;
    if said.sub != receipt.status.status_list.uri {
        return Err(("status_other_list", format!("the status list is {}", said.sub)));
    }
    let (Some(since), Some(until)) = (Timestamp::from_unix(said.iat), Timestamp::from_unix(said.exp)) else {
        return Err(malformed("its times are none".to_owned()));
    };
    judge::in_time(since, until, now)?;
    if said.status_list.bits != 1 {
        return Err(malformed("an entry has more than one bit".to_owned()));
    }
    Bits::from_token(&said.status_list.lst).map_err(|error| (error.code(), error.to_string()))
}

fn es256(key: Option<PublicKey>) -> Option<PublicKey> {
    key.filter(|key| key.algorithm() == Algorithm::P256)
}
