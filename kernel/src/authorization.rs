//! A brand's word for its verifier: "this key decides, and reports accesses, in my name, from then until then."
//!
//! A JWS by a registered key of the brand, so that a verifier's key never is the brand's: it lies on every host that asks
//! for decisions, and whoever steals it can sign neither requests nor endings. It rides in each AccessBatch; whoever judges
//! such a record needs the brand's ControllerKeys and nothing else.

use placet_schemas::id::{Did, DidUrl, Origin};
use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::time::{Period, Timestamp};
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use crate::jws::{self, JwsError};
use crate::keys::PublicKey;
use crate::sign::{Algorithm, SignError, Signer};

/// The JWS `typ` of an authorization.
pub const VERIFIER_AUTHORIZATION_TYP: &str = "placet-verifier+jwt";
/// Longest life of an authorization, in months from its start: two years. A key that nobody replaces for longer is one that
/// nobody looks after.
pub const MAX_AUTHORIZATION_MONTHS: u32 = 24;
/// Largest payload, in bytes: two DIDs and an origin at their longest fit.
const MAX_PAYLOAD_BYTES: usize = 2048;

/// What a brand signs about its verifier. Its payload is RFC 8785.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifierAuthorization {
    version: Version<1>,
    origin: Origin,
    controller: Did,
    verifier: Did,
    from: Timestamp,
    until: Timestamp,
}

/// The same as it comes, before it is known to make sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "version")]
    _version: Version<1>,
    origin: Origin,
    controller: Did,
    verifier: Did,
    from: Timestamp,
    until: Timestamp,
}

/// Why an authorization does not count. [`AuthorizationError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// The JWS does not hold, or is not by a registered key of the brand.
    #[error(transparent)]
    Token(#[from] JwsError),
    /// The payload is not the object that it should be.
    #[error("the authorization: {0}")]
    Malformed(Fault),
    /// The brand is a did:web whose keys are not known here.
    #[error("the registered keys of {0} are not known here")]
    ControllerUnknown(Did),
    /// The verifier is no did:key of an Ed25519 key.
    #[error("the verifier {0} is no did:key of a valid Ed25519 key")]
    Verifier(Did),
    /// It begins no earlier than it ends, or lives too long.
    #[error(
        "an authorization is good for at most {MAX_AUTHORIZATION_MONTHS} months, and for some time: not {from} to {until}"
    )]
    Period {
        /// Its start.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
    /// It is for another log.
    #[error("the authorization is for the log {found}, not {expected}")]
    WrongOrigin {
        /// The log that it names.
        found: Origin,
        /// The log where it is used.
        expected: Origin,
    },
    /// It is another brand's.
    #[error("the authorization is of {found}, not of {expected}")]
    WrongController {
        /// The brand that it names.
        found: Did,
        /// The brand for whom it is used.
        expected: Did,
    },
    /// It is not yet good at that time.
    #[error("the authorization is good from {from}, not yet at {at}")]
    NotYet {
        /// Its start.
        from: Timestamp,
        /// When it is used.
        at: Timestamp,
    },
    /// It is not good any more at that time.
    #[error("the authorization was good until {until}, not any more at {at}")]
    Expired {
        /// Its end.
        until: Timestamp,
        /// When it is used.
        at: Timestamp,
    },
}

impl AuthorizationError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Malformed(Fault {
                code: FaultCode::UnsupportedVersion,
                ..
            }) => "unsupported_version",
            Self::Malformed(_) => "authorization_malformed",
            Self::ControllerUnknown(_) => "controller_unknown",
            Self::Verifier(_) => "authorization_verifier",
            Self::Period { .. } => "authorization_period",
            Self::WrongOrigin { .. } => "authorization_wrong_origin",
            Self::WrongController { .. } => "authorization_wrong_controller",
            Self::NotYet { .. } => "authorization_not_yet",
            Self::Expired { .. } => "authorization_expired",
        }
    }
}

impl VerifierAuthorization {
    /// What a brand would sign.
    ///
    /// # Errors
    /// [`AuthorizationError::Verifier`], [`AuthorizationError::Period`].
    pub fn new(
        origin: Origin,
        controller: Did,
        verifier: Did,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Self, AuthorizationError> {
        let authorization = Self {
            version: Version,
            origin,
            controller,
            verifier,
            from,
            until,
        };
        authorization.check()?;
        Ok(authorization)
    }

    /// Reads a payload, which must be canonical. Nothing is known yet of who signed it.
    ///
    /// # Errors
    /// [`AuthorizationError::Malformed`], [`AuthorizationError::Verifier`], [`AuthorizationError::Period`].
    pub fn parse(payload: &[u8]) -> Result<Self, AuthorizationError> {
        let malformed = AuthorizationError::Malformed;
        let document = json::parse_canonical(payload, MAX_PAYLOAD_BYTES).map_err(malformed)?;
        let version = document.root().get("version").and_then(json::Node::as_integer);
        if version.is_some_and(|version| version != 1) {
            let code = FaultCode::UnsupportedVersion;
            return Err(malformed(Fault::new("/version", code, "the only known version is 1")));
        }
        let wire: Wire = json::decode(document.root()).map_err(malformed)?;
        Self::new(wire.origin, wire.controller, wire.verifier, wire.from, wire.until)
    }

    /// The log in which it counts.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The brand.
    #[must_use]
    pub const fn controller(&self) -> &Did {
        &self.controller
    }

    /// The verifier's key: a did:key of an Ed25519 key.
    #[must_use]
    pub const fn verifier(&self) -> &Did {
        &self.verifier
    }

    /// When it begins.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// When it ends: it is good up to and including this second.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Signs it with the brand's key; `method` is that key's, as the brand registered it.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn sign(&self, method: &DidUrl, signer: &dyn Signer) -> Result<String, SignError> {
        jws::sign(&json::to_jcs(self)?, VERIFIER_AUTHORIZATION_TYP, method, signer)
    }

    /// Checks that it is meant for this log and brand.
    ///
    /// # Errors
    /// [`AuthorizationError::WrongOrigin`], [`AuthorizationError::WrongController`].
    pub fn is_for(&self, origin: &Origin, controller: &Did) -> Result<(), AuthorizationError> {
        if self.origin != *origin {
            return Err(AuthorizationError::WrongOrigin {
                found: self.origin.clone(),
                expected: origin.clone(),
            });
        }
        if self.controller != *controller {
            return Err(AuthorizationError::WrongController {
                found: self.controller.clone(),
                expected: controller.clone(),
            });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), AuthorizationError> {
        let Self {
            verifier, from, until, ..
        } = self;
        // Decisions name the alg `Ed25519`; a verifier of another kind could sign none.
        if !PublicKey::from_did(verifier).is_ok_and(|key| key.algorithm() == Algorithm::Ed25519) {
            return Err(AuthorizationError::Verifier(verifier.clone()));
        }
        let latest = Period::new(MAX_AUTHORIZATION_MONTHS, 0).map(|period| from.plus(period));
        if until <= from || latest.is_none_or(|latest| *until > latest) {
            let (from, until) = (*from, *until);
            return Err(AuthorizationError::Period { from, until });
        }
        Ok(())
    }
}

/// What an authorization says, whoever has signed it: for the verifier that will hand it on.
///
/// # Errors
/// [`AuthorizationError::Token`], and those of [`VerifierAuthorization::parse`].
pub fn claimed(compact: &str) -> Result<VerifierAuthorization, AuthorizationError> {
    VerifierAuthorization::parse(&jws::claimed_payload(compact, VERIFIER_AUTHORIZATION_TYP)?)
}

/// Checks an authorization that is used in the log `origin` for the brand `controller` at the time `at`. `keys` is the
/// brand's snapshot in force at the place where it is used; a did:key brand needs none, since it says itself what its key
/// is.
///
/// # Errors
/// See [`AuthorizationError`]: the signature first, then what is said, then whether it fits.
pub fn verify(
    compact: &str,
    origin: &Origin,
    controller: &Did,
    keys: Option<&ControllerKeys>,
    at: Timestamp,
) -> Result<VerifierAuthorization, AuthorizationError> {
    let keys = keys.filter(|keys| keys.document.id() == controller);
    if keys.is_none() && !controller.is_key() {
        return Err(AuthorizationError::ControllerUnknown(controller.clone()));
    }
    let (_, payload) = jws::verify(compact, VERIFIER_AUTHORIZATION_TYP, |method| {
        brand_key(controller, keys, method)
    })?;
    let authorization = VerifierAuthorization::parse(&payload)?;
    authorization.is_for(origin, controller)?;
    let (from, until) = (authorization.from, authorization.until);
    if at < from {
        return Err(AuthorizationError::NotYet { from, at });
    }
    if at > until {
        return Err(AuthorizationError::Expired { until, at });
    }
    Ok(authorization)
}

/// The brand's key of this name: a did:key's own, whatever an operator recorded of it; a did:web's as registered.
fn brand_key(controller: &Did, keys: Option<&ControllerKeys>, method: &DidUrl) -> Option<PublicKey> {
    if method.did_str() != controller.as_str() {
        return None;
    }
    let own = controller.key_multibase();
    let multibase = own.or_else(|| keys.and_then(|keys| keys.document.key(method)));
    PublicKey::from_multibase(multibase?).ok()
}
