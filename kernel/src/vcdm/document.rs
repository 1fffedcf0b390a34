//! The data model: what a credential has to look like before anyone signs it or asks who did.

use placet_schemas::json::{self, Node};
use placet_schemas::time::Timestamp;

use super::refusal::{Code, Refusal};
use super::shape::{self, missing};
use super::text::Moment;
use super::{MAX_DOCUMENT_BYTES, Surroundings, related, status};

/// VCDM 2.0's base context.
const V2_CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";
/// VCDM 1.1's.
const V1_CONTEXT: &str = "https://www.w3.org/2018/credentials/v1";

/// Which data model a document follows: its first context says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// VCDM 1.1.
    V1,
    /// VCDM 2.0.
    V2,
}

/// A credential that keeps the rules, and has no proof yet.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(super) bytes: Vec<u8>,
    pub(super) version: Version,
    issuer: String,
}

/// What the rest needs of a credential whose form is right.
pub(super) struct Credential<'n> {
    pub(super) issuer: &'n str,
    pub(super) version: Version,
    from: Option<Moment>,
    until: Option<Moment>,
}

impl Draft {
    /// Reads a credential that is to be issued.
    ///
    /// # Errors
    /// What breaks a rule, or has no meaning here; a credential that has a proof already.
    pub fn parse(bytes: &[u8], surroundings: &dyn Surroundings) -> Result<Self, Refusal> {
        let bytes = super::json::canonical(bytes)?;
        let document = json::parse_canonical(&bytes, MAX_DOCUMENT_BYTES)?;
        let root = document.root();
        if root.get("proof").is_some() {
            return Err(Refusal::malformed(
                "/proof",
                "what is to be issued has no proof yet; leave it out",
            ));
        }
        let credential = credential(root, surroundings)?;
        // The same key would have said both, and an envelope without a type could be opened as either.
        if shape::types(root, "")?.contains(&"VerifiablePresentation") {
            return Err(Refusal::malformed("/type", "a credential is no presentation besides"));
        }
        let (issuer, version) = (credential.issuer.to_owned(), credential.version);
        Ok(Self { bytes, version, issuer })
    }

    /// Who is to issue it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its data model.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Credential<'_> {
    /// VCDM 2.0 section 4.9, 1.1 section 4.6.
    pub(super) fn in_force(&self, now: Timestamp) -> Result<(), Refusal> {
        let now = Moment::of(now);
        let [from, until] = match self.version {
            Version::V1 => ["/issuanceDate", "/expirationDate"],
            Version::V2 => ["/validFrom", "/validUntil"],
        };
        if self.from.is_some_and(|since| now < since) {
            return Err(Refusal::new(Code::NotInForce, from, "the credential is not yet valid"));
        }
        if self.until.is_some_and(|end| now > end) {
            return Err(Refusal::new(
                Code::NotInForce,
                until,
                "the credential is not valid any more",
            ));
        }
        Ok(())
    }
}

/// Checks a credential's form.
pub(super) fn credential<'n>(root: &'n Node<'_>, surroundings: &dyn Surroundings) -> Result<Credential<'n>, Refusal> {
    if root.as_object().is_none() {
        return Err(Refusal::malformed("", "a credential is an object"));
    }
    let version = version(root)?;
    shape::typed(root, "", "VerifiableCredential")?;
    shape::id(root, "")?;
    let issuer = root
        .get("issuer")
        .ok_or_else(|| missing("", "issuer", "says whose word it is"))?;
    let by = shape::party(issuer, "/issuer")?;
    if version == Version::V2 {
        shape::named(root, "")?;
        shape::named(issuer, "/issuer")?;
    }
    let subjects = shape::objects(root, "credentialSubject")?;
    if subjects.is_empty() {
        return Err(missing("", "credentialSubject", "says whom it is about, and what"));
    }
    for (subject, pointer) in &subjects {
        shape::id(subject, pointer)?;
    }
    let (from, until) = period(root, version)?;
    for (entry, pointer) in shape::things(root, "credentialStatus", version == Version::V1)? {
        status::check(entry, &pointer)?;
    }
    shape::things(root, "credentialSchema", true)?;
    shape::things(root, "refreshService", version == Version::V1)?;
    shape::things(root, "termsOfUse", false)?;
    shape::things(root, "evidence", false)?;
    related::check(root, surroundings)?;
    shape::meant(root, surroundings)?;
    Ok(Credential {
        issuer: by,
        version,
        from,
        until,
    })
}

/// Checks a presentation's form, but for its credentials.
pub(super) fn presentation<'n>(
    root: &'n Node<'_>,
    surroundings: &dyn Surroundings,
) -> Result<Option<&'n str>, Refusal> {
    if root.as_object().is_none() {
        return Err(Refusal::malformed("", "a presentation is an object"));
    }
    version(root)?;
    shape::typed(root, "", "VerifiablePresentation")?;
    shape::id(root, "")?;
    let holder = root.get("holder");
    let holder = holder.map(|node| shape::party(node, "/holder")).transpose()?;
    shape::things(root, "termsOfUse", false)?;
    shape::meant(root, surroundings)?;
    Ok(holder)
}

fn version(root: &Node<'_>) -> Result<Version, Refusal> {
    let contexts = shape::contexts(root)?;
    let version = match contexts.first() {
        Some(&V2_CONTEXT) => Version::V2,
        Some(&V1_CONTEXT) => Version::V1,
        _ => {
            let message = format!("the first context is {V2_CONTEXT}, or {V1_CONTEXT} for a credential of version 1.1");
            return Err(Refusal::malformed("/@context/0", message));
        }
    };
    // Of two data models a verifier would have to choose, and the issuer may have meant the other.
    match contexts
        .iter()
        .skip(1)
        .any(|url| [V1_CONTEXT, V2_CONTEXT].contains(url))
    {
        true => Err(Refusal::malformed(
            "/@context",
            "a credential follows one version of the data model",
        )),
        false => Ok(version),
    }
}

fn period(root: &Node<'_>, version: Version) -> Result<(Option<Moment>, Option<Moment>), Refusal> {
    let (from, until) = match version {
        Version::V1 => ("issuanceDate", "expirationDate"),
        Version::V2 => ("validFrom", "validUntil"),
    };
    let (since, end) = (shape::moment(root, "", from)?, shape::moment(root, "", until)?);
    if version == Version::V1 && since.is_none() {
        return Err(missing("", from, "says from when on it is valid"));
    }
    if since.zip(end).is_some_and(|(since, end)| since > end) {
        let message = format!("{until} is before {from}");
        return Err(Refusal::malformed(format!("/{until}"), message));
    }
    Ok((since, end))
}
