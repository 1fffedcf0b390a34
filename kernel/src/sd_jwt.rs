//! Selective disclosure for JWTs (RFC 9901): disclosures made, put together, and read; and the key binding of whoever presents.
//!
//! In scope: SHA-256, members of objects, elements of arrays, decoys, disclosures within disclosures. Out of scope: the JSON
//! serialisation.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::authzen::DisclosureDigest;
use placet_schemas::json::{self, Fault, JcsError, Node};
use placet_schemas::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::jwk;
use crate::jws;
use crate::keys::PublicKey;
use crate::sign::{Algorithm, SignError, Signer};

mod disclosed;

pub use disclosed::disclosed;

/// Bytes of a disclosure's salt: 128 bits (RFC 9901 section 9.3).
pub const SALT_BYTES: usize = 16;
/// Most disclosures of one token.
pub const MAX_DISCLOSURES: usize = 512;
/// Longest token with its disclosures, in bytes.
pub const MAX_SD_JWT_BYTES: usize = 512 * 1024;
/// The `typ` of a key binding (section 4.3).
pub const BINDING_TYP: &str = "kb+jwt";
/// How old a key binding may be, and how far ahead its maker's clock, in seconds.
pub const BINDING_SECONDS: u64 = 300;
/// What ends the token, and each disclosure.
const TILDE: char = '~';
/// Largest key binding, in bytes.
const MAX_BINDING_BYTES: usize = 4 * 1024;

/// Something that is said, and not shown unless its holder wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    text: String,
    digest: DisclosureDigest,
}

/// A token with what is disclosed of it, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct SdJwt<'a> {
    /// What the issuer signed.
    pub jwt: &'a str,
    disclosures: &'a str,
    binding: Option<&'a str>,
    /// All up to the last tilde: what a key binding is over.
    bound: &'a str,
}

/// Why a token with disclosures says nothing. [`SdJwtError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdJwtError {
    /// It is too long, or has too many disclosures.
    #[error("the token is longer than {MAX_SD_JWT_BYTES} bytes, or has more than {MAX_DISCLOSURES} disclosures")]
    Oversize,
    /// It is no token with a tilde after it.
    #[error("this is no token with a tilde (~) after it and after each disclosure")]
    Form,
    /// A disclosure cannot be read.
    #[error("a disclosure is no array of salt, name and value, or of salt and value, in canonical base64url")]
    Disclosure,
    /// The payload is no JSON.
    #[error("the token's payload: {0}")]
    Payload(Fault),
    /// Digests are not where they may be.
    #[error("the token's digests are not as RFC 9901 has them: {0}")]
    Digests(&'static str),
    /// A disclosure belongs to nothing.
    #[error("a disclosure belongs to nothing in the token")]
    Unreferenced,
}

impl SdJwtError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversize => "sd_jwt_oversize",
            Self::Form => "sd_jwt_form",
            Self::Disclosure => "sd_jwt_disclosure",
            Self::Payload(_) => "sd_jwt_payload",
            Self::Digests(_) => "sd_jwt_digests",
            Self::Unreferenced => "sd_jwt_unreferenced",
        }
    }
}

/// Why a presentation is not bound to its holder. [`BindingError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// There is none.
    #[error("the presentation has no key binding: whoever has a copy could show it")]
    Missing,
    /// It is no token of its kind.
    #[error("the key binding is no JWT of typ {BINDING_TYP} by ES256, Ed25519 or EdDSA")]
    Form,
    /// The token names no key that could have bound it.
    #[error("the credential names no holder's key (cnf.jwk) of Ed25519 or P-256")]
    NoHolder,
    /// The signature is not by the holder's key.
    #[error("the key binding is not by the key of the credential's holder")]
    Signature,
    /// It was made for somebody else.
    #[error("the key binding's aud is not {0}")]
    Audience(String),
    /// It answers another question.
    #[error("the key binding's nonce is not the one that was asked for")]
    Nonce,
    /// It was made for something else that was shown.
    #[error("the key binding's sd_hash is not that of what is presented")]
    Hash,
    /// Its time is not now.
    #[error("the key binding was not made within {BINDING_SECONDS} seconds from now")]
    Time,
}

impl BindingError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "binding_missing",
            Self::Form => "binding_malformed",
            Self::NoHolder => "binding_no_holder",
            Self::Signature => "binding_bad_signature",
            Self::Audience(_) => "binding_audience",
            Self::Nonce => "binding_nonce",
            Self::Hash => "binding_hash",
            Self::Time => "binding_time",
        }
    }
}

impl Disclosure {
    /// Of a member of an object (section 4.2.1).
    ///
    /// # Errors
    /// When the value has no canonical form.
    pub fn member(salt: [u8; SALT_BYTES], name: &str, value: &impl Serialize) -> Result<Self, JcsError> {
        Ok(Self::of(&json::to_jcs(&(encode(&salt), name, value))?))
    }

    /// Of an element of an array (section 4.2.2).
    ///
    /// # Errors
    /// When the value has no canonical form.
    pub fn element(salt: [u8; SALT_BYTES], value: &impl Serialize) -> Result<Self, JcsError> {
        Ok(Self::of(&json::to_jcs(&(encode(&salt), value))?))
    }

    /// What stands in the token.
    #[must_use]
    pub const fn digest(&self) -> &DisclosureDigest {
        &self.digest
    }

    fn of(bytes: &[u8]) -> Self {
        let text = encode(bytes);
        Self {
            digest: DisclosureDigest::of(&text),
            text,
        }
    }
}

/// A signed token with all its disclosures, as it is issued.
#[must_use]
pub fn assemble(jwt: &str, disclosures: &[Disclosure]) -> String {
    let mut text = format!("{jwt}{TILDE}");
    for disclosure in disclosures {
        text.push_str(&disclosure.text);
        text.push(TILDE);
    }
    text
}

/// What a holder presents: of an issued token the disclosures that she chooses, by the name of the member (an element has
/// none) and its value, bound to whoever asked.
///
/// # Errors
/// [`SdJwtError`] when it is no issued token; else when the signer fails.
pub fn present(
    issued: &str,
    choose: impl Fn(Option<&str>, &Value) -> bool,
    (audience, nonce): (&str, &str),
    now: Timestamp,
    holder: &dyn Signer,
) -> Result<String, PresentError> {
    let issued = SdJwt::parse(issued)?;
    let mut text = format!("{}{TILDE}", issued.jwt);
    for disclosure in issued.disclosures() {
        let (name, value) = disclosed::read(disclosure)?;
        if choose(name.as_deref(), &value) {
            text.push_str(disclosure);
            text.push(TILDE);
        }
    }
    let alg = match holder.algorithm() {
        Algorithm::Ed25519 => "EdDSA",
        Algorithm::P256 => "ES256",
    };
    let header = encode(&json::to_jcs(&Header { alg, typ: BINDING_TYP }).map_err(SignError::from)?);
    let claims = BindingClaims {
        aud: audience,
        iat: now.unix(),
        nonce,
        sd_hash: DisclosureDigest::of(&text),
    };
    let signed = format!("{header}.{}", encode(&json::to_jcs(&claims).map_err(SignError::from)?));
    let signature = holder.sign(signed.as_bytes())?;
    Ok(format!("{text}{signed}.{}", encode(&signature)))
}

/// Why nothing is presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresentError {
    /// The issued token.
    #[error(transparent)]
    Token(#[from] SdJwtError),
    /// The holder's key.
    #[error(transparent)]
    Sign(#[from] SignError),
}

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
}

#[derive(Serialize)]
struct BindingClaims<'a> {
    aud: &'a str,
    iat: u64,
    nonce: &'a str,
    sd_hash: DisclosureDigest,
}

impl<'a> SdJwt<'a> {
    /// Takes a token apart. Nothing is verified.
    ///
    /// # Errors
    /// [`SdJwtError::Oversize`] or [`SdJwtError::Form`].
    pub fn parse(text: &'a str) -> Result<Self, SdJwtError> {
        if text.len() > MAX_SD_JWT_BYTES || text.bytes().filter(|byte| *byte == b'~').count() > MAX_DISCLOSURES + 1 {
            return Err(SdJwtError::Oversize);
        }
        let (jwt, rest) = text.split_once(TILDE).ok_or(SdJwtError::Form)?;
        let (disclosures, binding) = match rest.rsplit_once(TILDE) {
            // An empty disclosure: two spellings of one token would have two hashes.
            Some(("", _)) => return Err(SdJwtError::Form),
            Some((disclosures, binding)) => (disclosures, binding),
            None => ("", rest),
        };
        Ok(Self {
            jwt,
            disclosures,
            binding: (!binding.is_empty()).then_some(binding),
            bound: &text[..text.len() - binding.len()],
        })
    }

    /// The disclosures, encoded.
    pub fn disclosures(&self) -> impl Iterator<Item = &'a str> {
        let some = !self.disclosures.is_empty();
        some.then(|| self.disclosures.split(TILDE)).into_iter().flatten()
    }

    /// Whether it is bound to a holder's key, for whoever asked.
    #[must_use]
    pub const fn is_bound(&self) -> bool {
        self.binding.is_some()
    }

    /// Checks that whoever presents it holds the key that the credential names (`cnf`), and made it for `audience`, over
    /// `nonce`, about now, and for what is disclosed here and nothing else.
    ///
    /// # Errors
    /// See [`BindingError`].
    pub fn check_binding(
        &self,
        holder: Option<&PublicKey>,
        audience: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<(), BindingError> {
        let binding = self.binding.ok_or(BindingError::Missing)?;
        let holder = holder.ok_or(BindingError::NoHolder)?;
        let claims = verified(binding, holder)?;
        let document = json::parse(&claims, MAX_BINDING_BYTES).map_err(|_| BindingError::Form)?;
        let root = document.root();
        let text = |name: &str| root.get(name).and_then(Node::as_str);
        if text("aud") != Some(audience) {
            return Err(BindingError::Audience(audience.to_owned()));
        }
        if text("nonce") != Some(nonce) {
            return Err(BindingError::Nonce);
        }
        if text("sd_hash") != Some(DisclosureDigest::of(self.bound).as_str()) {
            return Err(BindingError::Hash);
        }
        let iat = root.get("iat").and_then(Node::as_integer);
        let iat = iat.and_then(|iat| u64::try_from(iat).ok()).ok_or(BindingError::Form)?;
        if iat.abs_diff(now.unix()) > BINDING_SECONDS {
            return Err(BindingError::Time);
        }
        Ok(())
    }
}

/// The holder's key that a payload names (`cnf.jwk`, RFC 7800).
#[must_use]
pub fn holder(payload: &Node<'_>) -> Option<PublicKey> {
    jwk::read(payload.get("cnf")?.get("jwk")?).ok().flatten()
}

fn verified(token: &str, key: &PublicKey) -> Result<Vec<u8>, BindingError> {
    let parts = jws::Parts::of(token).ok_or(BindingError::Form)?;
    let document = json::parse(&parts.header, MAX_BINDING_BYTES).map_err(|_| BindingError::Form)?;
    let text = |name: &str| document.root().get(name).and_then(Node::as_str);
    let algorithm = text("alg").and_then(jws::algorithm).ok_or(BindingError::Form)?;
    // `crit` would change how the rest is read.
    if text("typ") != Some(BINDING_TYP) || document.root().get("crit").is_some() {
        return Err(BindingError::Form);
    }
    if key.algorithm() != algorithm || key.verify(parts.signed.as_bytes(), &parts.signature).is_err() {
        return Err(BindingError::Signature);
    }
    Ok(parts.payload)
}

fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}
