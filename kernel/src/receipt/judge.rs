//! What is judged of a receipt in whatever format: the log's evidence, time, and the bit.

use placet_schemas::api::SaltText;
use placet_schemas::id::{DidUrl, Digest, Origin};
use placet_schemas::time::Timestamp;

use crate::bundle::{Findings, Question, TrustSource, Verdict};
use crate::keys::PublicKey;
use crate::leaf::Salt;
use crate::merkle;
use crate::pinned;
use crate::status::Bits;
use crate::tlog_proof::TlogProof;
use crate::trust::Trust;

/// How far an issuer's clock may be ahead of the judge's, in seconds.
pub const MAX_AHEAD_SECONDS: u64 = 10;
/// A list is of today, so it is signed by a key that is in use.
pub(super) const NEWEST: u64 = u64::MAX;
pub(super) const PIN_ISSUER: &str = "pin the issuer's key in the trust file (issuers), once you know whose it is";
const FETCH_LIST: &str = "fetch the status list anew from where the receipt says it is";

/// What a receipt says that is judged.
pub(super) struct Facts<'a> {
    pub(super) salt: Option<&'a SaltText>,
    pub(super) record: Digest,
    pub(super) tlog_proof: &'a str,
    pub(super) log_size: u64,
    pub(super) valid_from: Timestamp,
    pub(super) valid_until: Timestamp,
    pub(super) list: &'a str,
    pub(super) index: u64,
    pub(super) places: &'static Places,
}

/// Where it says it: JSON pointers.
pub(super) struct Places {
    proof: &'static str,
    log_size: &'static str,
    valid_from: &'static str,
    valid_until: &'static str,
    status: &'static str,
}

pub(super) const DATA_INTEGRITY: Places = Places {
    proof: "/evidence/tlogProof",
    log_size: "/evidence/logSize",
    valid_from: "/validFrom",
    valid_until: "/validUntil",
    status: "/credentialStatus",
};
pub(super) const SD_JWT: Places = Places {
    proof: "/evidence/tlogProof",
    log_size: "/evidence/logSize",
    valid_from: "/iat",
    valid_until: "/exp",
    status: "/status/status_list",
};

/// The log of the receipt, which is trusted.
pub(super) struct Pinned<'t> {
    trust: &'t Trust,
    origin: Origin,
}

impl Pinned<'_> {
    pub(super) fn key(&self, method: &DidUrl, size: u64) -> Option<PublicKey> {
        self.trust.issuer_key(&self.origin, method, size).cloned()
    }
}

pub(super) struct Judge<'a> {
    facts: Facts<'a>,
    pub(super) findings: Findings,
    pub(super) source: TrustSource,
}

impl<'a> Judge<'a> {
    pub(super) fn new(facts: Facts<'a>, trust: Option<&Trust>) -> Self {
        Self {
            facts,
            findings: Findings::default(),
            source: TrustSource {
                origin: None,
                quorum: trust.map(|trust| trust.quorum().to_owned()),
                fingerprints: Vec::new(),
            },
        }
    }

    /// Judges the evidence; gives the log, where it is trusted.
    pub(super) fn log<'t>(&mut self, trust: Option<&'t Trust>) -> Option<Pinned<'t>> {
        let (facts, question, place) = (&self.facts, Question::Recorded, self.facts.places.proof);
        let proof: TlogProof = match facts.tlog_proof.parse() {
            Ok(proof) => proof,
            Err(error) => {
                let why = error.to_string();
                self.findings.wrong(question, "receipt_proof_malformed", place, why);
                return None;
            }
        };
        let note = proof.checkpoint_note();
        let Ok(claimed) = pinned::claimed(note) else {
            let why = "the proof has no checkpoint";
            self.findings
                .wrong(question, "receipt_checkpoint_malformed", place, why);
            return None;
        };
        let (origin, size) = (claimed.origin().clone(), claimed.size());
        self.source.origin = Some(origin.clone());
        let Some((trust, log)) = trust.and_then(|trust| Some((trust, trust.log(&origin)?))) else {
            let why = format!("no key of the log {origin} is pinned");
            let help = "pin the log's keys in the trust file";
            self.findings.missing(question, "log_untrusted", place, why, help);
            return None;
        };
        if size > facts.log_size {
            let why = "the issuer cannot have read less of the log than its proof is from";
            self.findings
                .wrong(question, "receipt_log_size", facts.places.log_size, why);
        }
        let Some(salt) = facts.salt else {
            // Without the salt nobody can tell which leaf is the record's.
            let why = "the salt that opens the leaf is not shown";
            let help = "ask the holder to disclose the salt as well";
            self.findings
                .missing(question, "receipt_salt_withheld", place, why, help);
            return Some(Pinned { trust, origin });
        };
        let salt = Salt::from_bytes(*salt.as_bytes());
        let leaf = merkle::leaf_hash(&salt.leaf(&facts.record));
        let opened = pinned::keys_for(note, &origin, trust, log)
            .and_then(|keys| proof.verify_exact(&leaf, &keys).map_err(|error| error.to_string()));
        match opened {
            Ok(signed) => {
                let why = format!(
                    "the record is in the log of {} records; the issuer had read {} when it issued",
                    signed.checkpoint().size(),
                    facts.log_size
                );
                self.findings.note_on(question, "receipt_recorded", "/evidence", why);
            }
            Err(why) => self.findings.wrong(question, "receipt_not_recorded", place, why),
        }
        Some(Pinned { trust, origin })
    }

    /// Judges time and bit. `bits` are those of a list that speaks of this receipt, or why it does not.
    pub(super) fn in_force(&mut self, bits: Option<Result<Bits, (&'static str, String)>>, now: Timestamp) {
        let (facts, question) = (&self.facts, Question::InForce);
        if facts.valid_from > now.plus_seconds(MAX_AHEAD_SECONDS) {
            let why = format!("it is issued at {}, and now is {now}", facts.valid_from);
            let (place, help) = (facts.places.valid_from, "set the clock, or wait");
            self.findings.missing(question, "receipt_not_yet", place, why, help);
        }
        if now >= facts.valid_until {
            let why = format!("the consent expired at {}", facts.valid_until);
            self.findings.refuted("receipt_expired", facts.places.valid_until, why);
        }
        let place = facts.places.status;
        let bit = match bits {
            None => {
                let why = format!("its status list was not given: {}", facts.list);
                Err(("status_missing", why))
            }
            Some(bits) => {
                bits.and_then(|bits| bits.get(facts.index).map_err(|error| (error.code(), error.to_string())))
            }
        };
        match bit {
            Ok(false) => {}
            Ok(true) => self.findings.refuted(
                "receipt_revoked",
                place,
                "the issuer says that the consent is over, or that less is left of it",
            ),
            Err((code, why)) => self.findings.missing(question, code, place, why, FETCH_LIST),
        }
    }
}

/// Whether a list that is of these times speaks of now.
pub(super) fn in_time(since: Timestamp, until: Timestamp, now: Timestamp) -> Result<(), (&'static str, String)> {
    if since > now.plus_seconds(MAX_AHEAD_SECONDS) {
        return Err(("status_not_yet", format!("the status list is of {since}")));
    }
    if now >= until {
        return Err(("status_stale", format!("the status list was good until {until}")));
    }
    Ok(())
}

/// Whether it is in force: what nobody is known to have said is in force by nobody's word.
pub(super) fn in_force_by(findings: &Findings, grounds: &[Verdict]) -> Verdict {
    let by_whom = match grounds.iter().all(|verdict| *verdict == Verdict::Holds) {
        true => Verdict::Holds,
        false => Verdict::CannotTell,
    };
    findings.verdict(Question::InForce).max(by_whom)
}
