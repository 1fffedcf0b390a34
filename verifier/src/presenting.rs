//! Receipts that are presented: a person shows the receipt in her wallet to a brand whose verifier may know nothing of her, by
//! OpenID for Verifiable Presentations 1.0.
//!
//! The brand asks, for one purpose; the wallet reads the request, which the brand's own key signs, and answers with a receipt
//! that is bound to this verifier and to a nonce of this request. The kernel judges it, with the status list of that moment.
//!
//! A request lives in memory for [`PRESENTATION_SECONDS`]: what is lost with the process is a question that can be put again.
//! What was decided is told with all that it rests on.

mod list;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::bundle::{Question as Point, Verdict};
use placet_kernel::decision;
use placet_kernel::jws::Protected;
use placet_kernel::receipt::{Challenge, PresentedReport, verify_presented};
use placet_kernel::sign::Signer;
use placet_schemas::api::{
    AskPresentation, PresentationAnswer, PresentationAsked, PresentationDecision, PresentationEvidence,
    PresentationState, ResponseMode,
};
use placet_schemas::authzen::{Asked, DecisionStatement, Evaluation, Question, Wanted, Whom};
use placet_schemas::credential::sd_jwt::{RECEIPT_VCT, SD_JWT_VC_TYP};
use placet_schemas::id::{Did, DidUrl, Digest, Iri, RecordId};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_service::jwe::{DecryptionKey, ENCRYPTIONS, JweError};
use placet_service::{Expiring, random};
use serde_json::{Value, json};

use crate::error::StoreError;
use crate::verifier::{Inner, Verifier};

/// How long a request can be answered, in seconds.
pub const PRESENTATION_SECONDS: u64 = 300;
/// How often a request may be answered with what is no presentation for it.
pub const MAX_PRESENTATION_TRIES: u32 = 5;
/// Most requests that wait, or whose answer is told; the oldest go first. Each holds at most a receipt and a list.
const MAX_WAITING: usize = 4096;
/// The `typ` of a request object (RFC 9101 section 10.8).
const REQUEST_TYP: &str = "oauth-authz-req+jwt";
/// The one credential of a request (OpenID4VP section 6.1).
pub(crate) const CREDENTIAL_ID: &str = "receipt";

/// How a verifier asks for presentations.
#[derive(Clone)]
pub struct Presentations {
    /// The brand's key.
    pub signer: Arc<dyn Signer + Send + Sync>,
    /// The method of the brand's DID document that names it.
    pub method: DidUrl,
    /// Whether status lists may be at loopback and private addresses, and over http.
    pub private: bool,
}

impl core::fmt::Debug for Presentations {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Presentations({})", self.method)
    }
}

/// Requests that wait, and what became of them.
#[derive(Debug)]
pub(crate) struct Waiting(Mutex<Expiring<Arc<Session>>>);

#[derive(Debug)]
struct Session {
    asked: Asked,
    /// Whose receipt it has to be.
    subject: Option<Did>,
    /// Where the browser of whoever answers goes on, and what it has then that nobody else has.
    onward: Option<(Iri, String)>,
    /// To which the answer is encrypted, where it is to be.
    key: Option<DecryptionKey>,
    nonce: String,
    standing: Mutex<Standing>,
}

#[derive(Debug)]
enum Standing {
    /// How often it was answered with what is none.
    Waiting(u32),
    /// What was presented is being judged.
    Judging,
    Declined,
    Presented(Arc<PresentationDecision>),
}

/// Why an answer does not count. [`PresentationError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum PresentationError {
    /// There is no such request.
    #[error("there is no such request: it has expired, or was never made; ask for a new one")]
    Unknown,
    /// It has an answer.
    #[error("this request has been answered; ask for a new one")]
    Answered,
    /// It is no presentation for this request.
    #[error("{0}")]
    Malformed(String),
    /// Whoever asks for the decision has not come from the wallet that answered.
    #[error("the response_code is not the one that the wallet's browser was given: the session is somebody else's")]
    OtherSession,
    /// The answer cannot be asked for, or read, as it is encrypted.
    #[error(transparent)]
    Encryption(#[from] JweError),
    /// The verifier.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PresentationError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "presentation_unknown",
            Self::Answered => "presentation_answered",
            Self::Encryption(JweError::NotBuilt) => "encryption_not_built",
            Self::Malformed(_) | Self::Encryption(_) => "presentation_refused",
            Self::OtherSession => "presentation_session",
            Self::Store(_) => "unavailable",
        }
    }
}

/// One who asks: the way to this verifier, and how it signs.
pub(crate) struct Asker<'a> {
    pub(crate) how: &'a Presentations,
    /// The public URL of this verifier.
    pub(crate) place: &'a str,
}

impl Asker<'_> {
    /// OpenID4VP section 5.9.3: who asks is whoever this DID's document says.
    fn client_id(&self) -> String {
        format!("decentralized_identifier:{}", self.how.method.did_str())
    }

    /// Where a wallet reads the request, and answers it.
    fn address(&self, id: &str) -> String {
        format!("{}/openid/presentations/{id}", self.place)
    }
}

impl Default for Waiting {
    fn default() -> Self {
        Self(Mutex::new(Expiring::new(MAX_WAITING)))
    }
}

impl Waiting {
    fn find(&self, id: &str, now: Timestamp) -> Result<Arc<Session>, PresentationError> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(id, now).ok_or(PresentationError::Unknown)
    }
}

impl Session {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn mode(&self) -> ResponseMode {
        match self.key {
            Some(_) => ResponseMode::DirectPostJwt,
            None => ResponseMode::DirectPost,
        }
    }

    /// Where the browser of whoever answers goes on.
    fn goes_on(&self) -> Option<String> {
        let (uri, code) = self.onward.as_ref()?;
        let joint = if uri.as_str().contains('?') { '&' } else { '?' };
        Some(format!("{uri}{joint}response_code={code}"))
    }
}

impl Verifier {
    /// Makes a request.
    pub(crate) fn ask_for_receipt(
        &self,
        asker: &Asker<'_>,
        ask: AskPresentation,
    ) -> Result<PresentationAsked, PresentationError> {
        let (id, nonce, now) = (secret()?, secret()?, self.inner.clock.now());
        let expires_at = now.plus_seconds(PRESENTATION_SECONDS);
        let onward = ask.redirect_uri.map(|uri| Ok::<_, StoreError>((uri, secret()?)));
        let session = Arc::new(Session {
            asked: ask.asked,
            subject: ask.subject,
            onward: onward.transpose()?,
            key: match ask.response_mode {
                Some(ResponseMode::DirectPostJwt) => Some(DecryptionKey::generate(&secret()?)?),
                Some(ResponseMode::DirectPost) | None => None,
            },
            nonce,
            standing: Mutex::new(Standing::Waiting(0)),
        });
        let waiting = &self.inner.presentations.0;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(&id, session, expires_at, now);
        drop(waiting);
        let query = [("client_id", asker.client_id()), ("request_uri", asker.address(&id))];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        Ok(PresentationAsked {
            link: format!("openid4vp://?{query}"),
            id,
            expires_at,
        })
    }

    /// What became of a request. Where the browser of whoever answers goes on, the decision is for that browser alone.
    pub(crate) fn presented(&self, id: &str, code: Option<&str>) -> Result<PresentationAnswer, PresentationError> {
        let session = self.inner.presentations.find(id, self.inner.clock.now())?;
        if let Some((_, wanted)) = &session.onward
            && matches!(*session.standing(), Standing::Presented(_))
        {
            // By their hashes: how long it takes tells nothing.
            let wanted = Digest::of(wanted.as_bytes());
            if code.is_none_or(|code| Digest::of(code.as_bytes()) != wanted) {
                return Err(PresentationError::OtherSession);
            }
        }
        let (state, decided) = match &*session.standing() {
            Standing::Waiting(_) | Standing::Judging => (PresentationState::Waiting, None),
            Standing::Declined => (PresentationState::Declined, None),
            Standing::Presented(decided) => (PresentationState::Presented, Some((**decided).clone())),
        };
        Ok(PresentationAnswer { state, decided })
    }

    /// The request object: what a wallet is to present, to whom and over which nonce, signed by the brand.
    pub(crate) fn request_object(&self, asker: &Asker<'_>, id: &str) -> Result<String, PresentationError> {
        let now = self.inner.clock.now();
        let session = self.inner.presentations.find(id, now)?;
        if !matches!(*session.standing(), Standing::Waiting(_)) {
            return Err(PresentationError::Answered);
        }
        let mut claims = json!({
            "aud": "https://self-issued.me/v2",
            "iat": now.unix(),
            "exp": now.plus_seconds(PRESENTATION_SECONDS).unix(),
            "client_id": asker.client_id(),
            "response_type": "vp_token",
            "response_mode": session.mode().as_str(),
            "response_uri": asker.address(id),
            "state": id,
            "nonce": session.nonce,
            "dcql_query": query(&session.asked, session.subject.is_some()),
            "client_metadata": { "vp_formats_supported": { SD_JWT_VC_TYP: {
                "sd-jwt_alg_values": ["ES256"],
                "kb-jwt_alg_values": ["ES256", "Ed25519", "EdDSA"],
            } } },
        });
        if let Some(key) = &session.key {
            let metadata = &mut claims["client_metadata"];
            metadata["jwks"] = json!({ "keys": [key.public()] });
            metadata["encrypted_response_enc_values_supported"] = json!(ENCRYPTIONS);
        }
        let signed = || {
            let header = Protected::new(REQUEST_TYP, &asker.how.method, asker.how.signer.algorithm())?;
            header.sign(&json::to_jcs(&claims)?, &*asker.how.signer)
        };
        Ok(signed().map_err(StoreError::from)?)
    }

    /// The person said no.
    pub(crate) fn decline_presentation(&self, id: &str) -> Result<(), PresentationError> {
        let session = self.inner.presentations.find(id, self.inner.clock.now())?;
        let mut standing = session.standing();
        if !matches!(*standing, Standing::Waiting(_)) {
            return Err(PresentationError::Answered);
        }
        *standing = Standing::Declined;
        Ok(())
    }

    /// Whether a request waits for an answer, and how that comes.
    pub(crate) fn awaits(&self, id: &str) -> Result<ResponseMode, PresentationError> {
        let session = self.inner.presentations.find(id, self.inner.clock.now())?;
        match &*session.standing() {
            Standing::Waiting(tries) if *tries < MAX_PRESENTATION_TRIES => Ok(session.mode()),
            _ => Err(PresentationError::Answered),
        }
    }

    /// What was encrypted to the key of a request. What cannot be opened is an answer that is none, and counted as such.
    pub(crate) fn open_answer(&self, id: &str, token: &str) -> Result<Vec<u8>, PresentationError> {
        let session = self.inner.presentations.find(id, self.inner.clock.now())?;
        let key = session.key.as_ref();
        let key = key.ok_or_else(|| PresentationError::Malformed("the request asked for a plain answer".to_owned()))?;
        key.decrypt(token).map_err(|error| {
            if let Standing::Waiting(tries) = &mut *session.standing() {
                *tries += 1;
            }
            error.into()
        })
    }

    /// Judges what a wallet presents; gives where its browser goes on. What is no presentation for this request leaves it open,
    /// a few times.
    pub(crate) async fn present(
        &self,
        asker: &Asker<'_>,
        id: &str,
        shown: &str,
    ) -> Result<Option<String>, PresentationError> {
        let (inner, now) = (&self.inner, self.inner.clock.now());
        let session = inner.presentations.find(id, now)?;
        let audience = asker.client_id();
        let challenge = Challenge {
            audience: &audience,
            nonce: &session.nonce,
        };
        let tries = match &mut *session.standing() {
            Standing::Waiting(tries) if *tries < MAX_PRESENTATION_TRIES => {
                *tries += 1;
                *tries
            }
            _ => return Err(PresentationError::Answered),
        };
        let trust = Some(&inner.settings.trust);
        let report = verify_presented(shown, None, Some(challenge), trust, now);
        let report = report.map_err(|error| PresentationError::Malformed(error.to_string()))?;
        answers(&report)?;
        // From here on it is the holder's answer. Another that came meanwhile was first.
        {
            let mut standing = session.standing();
            if !matches!(*standing, Standing::Waiting(known) if known >= tries) {
                return Err(PresentationError::Answered);
            }
            *standing = Standing::Judging;
        }
        let decided = self.judge(asker, &session, shown, challenge, report).await;
        let (standing, outcome) = match decided {
            Ok(decided) => (Standing::Presented(Arc::new(decided)), Ok(session.goes_on())),
            // What failed is this verifier's; the wallet may answer again.
            Err(error) => (Standing::Waiting(tries), Err(error.into())),
        };
        *session.standing() = standing;
        outcome
    }

    async fn judge(
        &self,
        asker: &Asker<'_>,
        session: &Session,
        shown: &str,
        challenge: Challenge<'_>,
        mut report: PresentedReport,
    ) -> Result<PresentationDecision, StoreError> {
        let inner = &self.inner;
        // An issuer whom the brand has pinned says that the list is there: see `answers`.
        let list = list::fetch(asker.how.private, report.receipt.status.status_list.uri.as_str()).await;
        let (trust, now) = (Some(&inner.settings.trust), inner.clock.now());
        if let Some(list) = &list
            && let Ok(judged) = verify_presented(shown, Some(list), Some(challenge), trust, now)
        {
            report = judged;
        }
        let (statement, signed) = self.decide_presented(session, &report)?;
        Ok(PresentationDecision {
            decision: statement.decision,
            evaluation_id: statement.evaluation_id,
            evaluated_at: statement.evaluated_at,
            valid_until: statement.valid_until,
            reasons: statement.reasons,
            obligations: statement.obligations,
            consent: report.receipt.consent,
            signed,
            evidence: PresentationEvidence {
                presentation: shown.to_owned(),
                status_list: list,
                audience: challenge.audience.to_owned(),
                nonce: challenge.nonce.to_owned(),
            },
        })
    }

    /// By the receipt, unless this verifier knows the consent itself: then by what it knows, which may be more.
    fn decide_presented(
        &self,
        session: &Session,
        report: &PresentedReport,
    ) -> Result<(DecisionStatement, Option<String>), StoreError> {
        let (inner, asked) = (&self.inner, &session.asked);
        let statement = inner.by_receipt(session, report)?;
        let consent = report.receipt.consent;
        let subject = inner.read(|replica| replica.find(&consent).map(|(_, consent)| consent.subject.clone()));
        if let (true, Some(subject)) = (statement.decision, subject) {
            let evaluation = Evaluation {
                digest: Digest::of(&json::to_jcs(asked)?),
                question: Ok(Question {
                    controller: inner.settings.controller.clone(),
                    whom: Whom::Person(subject),
                    asked: asked.clone(),
                }),
                nonce: None,
                wanted: Wanted::Reference,
            };
            let decided = self.ask(&evaluation)?;
            return Ok((decided.decision.statement, Some(decided.signed)));
        }
        inner.pulse.decided(&statement);
        inner.pulse.unreported(inner.permits.remember(&statement));
        Ok((statement, None))
    }
}

impl Inner {
    fn by_receipt(&self, session: &Session, report: &PresentedReport) -> Result<DecisionStatement, StoreError> {
        let id = RecordId::from_random(random::bytes()?);
        let (now, steady) = (self.clock.now(), self.clock.steady());
        self.read(|replica| {
            let state = replica.state(None, steady);
            let mut report = report.clone();
            // She ended it here, and nobody else may know of that yet.
            if replica.was_handed(&report.receipt.consent) {
                report.in_force = Verdict::Fails;
            }
            Ok(decision::decide_presented(
                (&session.asked, session.subject.as_ref()),
                &report,
                &state,
                replica.policy(),
                now,
                id,
            )?)
        })
    }
}

/// Whether a presentation is one for this request, of a receipt that an issuer whom the brand has pinned signed, of a record
/// that is in the log. Of anything else nothing is kept, nothing is told to the brand, and no address in it is called.
fn answers(report: &PresentedReport) -> Result<(), PresentationError> {
    for (question, verdict, what) in [
        (
            Point::Issued,
            report.issued,
            "no issuer whom this verifier knows has signed the receipt",
        ),
        (
            Point::Bound,
            report.bound,
            "the presentation is not bound to this request",
        ),
        (
            Point::Recorded,
            report.recorded,
            "it is not shown that the record is in the log",
        ),
    ] {
        if verdict != Verdict::Holds {
            let why = report.findings.iter().find(|found| found.question == question);
            let why = why.map_or_else(String::new, |found| format!(": {}", found.why));
            return Err(PresentationError::Malformed(format!("{what}{why}")));
        }
    }
    Ok(())
}

/// What is asked of the wallet, in DCQL (section 6): the clause of the purpose alone, the salt that opens the leaf, and, where
/// the brand says whom it means, who she is.
fn query(asked: &Asked, names_her: bool) -> Value {
    let mut claims = vec![
        json!({ "path": ["evidence", "salt"] }),
        json!({ "path": ["scope", null, "purpose", "id"], "values": [asked.purpose] }),
    ];
    if names_her {
        claims.push(json!({ "path": ["sub"] }));
    }
    json!({ "credentials": [{
        "id": CREDENTIAL_ID,
        "format": SD_JWT_VC_TYP,
        "meta": { "vct_values": [RECEIPT_VCT] },
        "claims": claims,
    }] })
}

fn secret() -> Result<String, StoreError> {
    Ok(Base64UrlUnpadded::encode_string(&random::bytes::<32>()?))
}
