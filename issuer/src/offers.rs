//! Offers: a person asks for a receipt with the key of her consent, and any wallet may then claim it by a code.

use std::sync::{Mutex, PoisonError};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_kernel::possession::{self, Possession, PossessionError};
use placet_schemas::api::issuer::{OFFER_TYP, OfferClaims};
use placet_schemas::id::{Did, DidUrl, Digest};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_service::{Expiring, random};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::issuer::Inner;
use crate::receipts::IssueError;
use crate::store::{Grant, Redeemed};

/// Life of a nonce, in seconds.
pub const NONCE_SECONDS: u64 = 300;
/// Life of an offer, in seconds.
pub const OFFER_SECONDS: u64 = 600;
/// Life of an access token, in seconds.
pub const TOKEN_SECONDS: u64 = 600;
/// Digits of a transaction code.
pub const TX_CODE_DIGITS: u32 = 6;
/// How often a transaction code may be wrong before its offer is void.
pub const MAX_TX_CODE_TRIES: u32 = 5;
/// Most nonces that wait to be used. Whoever takes more than these shortens the life of all; anyone is given one.
const MAX_NONCES: usize = 64 * 1024;
/// Longest code, token or transaction code that is looked at, in bytes.
pub(crate) const MAX_SECRET_BYTES: usize = 256;
/// Largest payload of a request for an offer, in bytes.
const MAX_CLAIMS_BYTES: usize = 2048;

/// Nonces that were given and not used.
#[derive(Debug)]
pub(crate) struct Nonces(Mutex<Expiring<()>>);

/// What a wallet is offered, and what the person has to type into it.
#[derive(Debug)]
pub struct Offer {
    /// The pre-authorized code.
    pub code: Zeroizing<String>,
    /// The transaction code.
    pub tx_code: Zeroizing<String>,
    /// When it is void.
    pub expires_at: Timestamp,
}

/// Why there is no offer. [`OfferError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// What the person signed does not hold.
    #[error("{0}")]
    Claims(String),
    /// The nonce is not one of ours, or was used, or is too old.
    #[error("the nonce is unknown, used or expired")]
    Nonce,
    /// There would be no receipt.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl OfferError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Claims(_) => "bad_jws",
            Self::Nonce => "challenge_unknown",
            Self::Issue(error) => error.code(),
        }
    }
}

/// Why a wallet's proofs do not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofsError {
    /// One of them does not hold.
    #[error(transparent)]
    Proof(#[from] PossessionError),
    /// They have no nonce, not all the same, or not one of ours that is unused.
    #[error("the nonce of the proofs is missing, unknown, used or expired: take a new one at the nonce endpoint")]
    Nonce,
}

impl Default for Nonces {
    fn default() -> Self {
        Self(Mutex::new(Expiring::new(MAX_NONCES)))
    }
}

impl Inner {
    /// A nonce, good for one use.
    pub(crate) fn nonce(&self) -> Result<String, StoreError> {
        let (nonce, now) = (secret()?, self.clock.now());
        let mut nonces = self.nonces.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.insert(&nonce, (), now.plus_seconds(NONCE_SECONDS), now);
        Ok(nonce)
    }

    fn use_nonce(&self, nonce: &str, now: Timestamp) -> bool {
        let mut nonces = self.nonces.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.take(nonce, now).is_some()
    }

    /// An offer for whoever holds the key of a consent in force: a token of typ [`OFFER_TYP`] says so.
    pub(crate) async fn offer(&self, compact: &str) -> Result<Offer, OfferError> {
        let now = self.clock.now();
        let key = |method: &DidUrl| PublicKey::from_did(&method.did_str().parse().ok()?).ok();
        let (method, payload) =
            jws::verify(compact, OFFER_TYP, key).map_err(|error| OfferError::Claims(error.to_string()))?;
        let claims = json::parse(&payload, MAX_CLAIMS_BYTES).and_then(|document| json::decode(document.root()));
        let claims: OfferClaims = claims.map_err(|fault| OfferError::Claims(format!("the payload: {fault}")))?;
        if claims.aud.as_str() != self.settings.public_url.as_str() {
            return Err(OfferError::Claims("aud is another issuer".to_owned()));
        }
        if claims.iat.abs_diff(now.unix()) > possession::PROOF_TOLERANCE_SECONDS {
            return Err(OfferError::Claims("iat is far from the issuer's clock".to_owned()));
        }
        if !self.use_nonce(&claims.nonce, now) {
            return Err(OfferError::Nonce);
        }
        let holder: Did = method
            .did_str()
            .parse()
            .map_err(|_| OfferError::Claims("the kid is no method of a DID".to_owned()))?;
        self.may_have(&claims.consent, &holder).await?;
        let offer = Offer {
            code: Zeroizing::new(secret().map_err(IssueError::from)?),
            tx_code: Zeroizing::new(digits().map_err(IssueError::from)?),
            expires_at: now.plus_seconds(OFFER_SECONDS),
        };
        let grant = Grant {
            consent: claims.consent,
            holder,
        };
        let (code, tx_code) = (hash(&offer.code), hash(&offer.tx_code));
        let kept = self
            .store
            .offer(&code, &grant, Some(&tx_code), offer.expires_at, now)
            .await;
        kept.map_err(IssueError::from)?;
        Ok(offer)
    }

    /// Redeems a code; gives a token, or what is wrong.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        tx_code: Option<&str>,
    ) -> Result<Result<String, Redeemed>, StoreError> {
        let (token, now) = (secret()?, self.clock.now());
        let life = (&hash(&token), now.plus_seconds(TOKEN_SECONDS));
        let tx_code = tx_code.map(hash);
        let redeemed = self
            .store
            .redeem(&hash(code), tx_code.as_ref(), MAX_TX_CODE_TRIES, life, now)
            .await?;
        Ok(match redeemed {
            Redeemed::Token => Ok(token),
            other => Err(other),
        })
    }

    /// What a token is for.
    pub(crate) async fn access(&self, token: &str) -> Result<Option<Grant>, StoreError> {
        self.store.access(&hash(token), self.clock.now()).await
    }

    /// Judges the proofs of one request: each by itself, all over the same nonce. That is used up once they hold, whatever
    /// else is wrong with the request.
    pub(crate) fn possessions(&self, proofs: &[String]) -> Result<Vec<PublicKey>, ProofsError> {
        let (audience, now) = (self.settings.public_url.as_str(), self.clock.now());
        let judged = proofs.iter().map(|proof| possession::verify(proof, audience, now));
        let judged: Vec<Possession> = judged.collect::<Result<_, _>>()?;
        let mut nonces = judged.iter().map(|possession| possession.nonce.as_deref());
        let Some(Some(nonce)) = nonces.next() else {
            return Err(ProofsError::Nonce);
        };
        if !nonces.all(|other| other == Some(nonce)) || !self.use_nonce(nonce, now) {
            return Err(ProofsError::Nonce);
        }
        Ok(judged.into_iter().map(|possession| possession.key).collect())
    }
}

/// 256 random bits in base64url.
pub(crate) fn secret() -> Result<String, StoreError> {
    Ok(Base64UrlUnpadded::encode_string(&random::bytes::<32>()?))
}

/// A transaction code. The remainder favours no code by more than 1 in 2^44.
fn digits() -> Result<String, StoreError> {
    let number = u64::from_be_bytes(random::bytes()?) % 10_u64.pow(TX_CODE_DIGITS);
    Ok(format!("{number:0width$}", width = TX_CODE_DIGITS as usize))
}

pub(crate) fn hash(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}
