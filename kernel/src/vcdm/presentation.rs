//! Whether a credential or a presentation counts.

use placet_schemas::json::{self, Node};

use super::identity::Purpose;
use super::json::each;
use super::refusal::{Code, Refusal};
use super::{
    MAX_CREDENTIALS, MAX_DOCUMENT_BYTES, MAX_PROOFS_IN_ALL, Policy, Verdict, document, envelope, proofs, status,
};

/// The types of envelopes.
const ENVELOPED_CREDENTIAL: &str = "EnvelopedVerifiableCredential";
const ENVELOPED_PRESENTATION: &str = "EnvelopedVerifiablePresentation";

/// Judges a credential, enveloped or with its proofs in it: its form, every proof, whether one is its issuer's own, the period,
/// and its status.
///
/// # Errors
/// The first thing that keeps it from counting.
pub fn verify_credential(bytes: &[u8], policy: &Policy<'_>) -> Result<Verdict, Refusal> {
    let bytes = super::json::canonical(bytes)?;
    let document = json::parse_canonical(&bytes, MAX_DOCUMENT_BYTES)?;
    credential(document.root(), policy)
}

/// Judges a presentation: its form, every proof, that it is by its holder and made for this domain and challenge, and each of
/// its credentials.
///
/// # Errors
/// The first thing that keeps it from counting.
pub fn verify_presentation(bytes: &[u8], policy: &Policy<'_>) -> Result<Verdict, Refusal> {
    let bytes = super::json::canonical(bytes)?;
    let document = json::parse_canonical(&bytes, MAX_DOCUMENT_BYTES)?;
    let root = document.root();
    if envelope::is_enveloped(root, ENVELOPED_PRESENTATION) {
        let opened = envelope::open(root, ENVELOPED_PRESENTATION, Purpose::Authentication, policy)?;
        let inner = json::parse_canonical(&opened.document, MAX_DOCUMENT_BYTES)?;
        return presented(inner.root(), &[opened.by], policy).map_err(|error| in_envelope(&error));
    }
    // The form first: of a document that is no presentation it would mislead to say that its proof is missing.
    document::presentation(root, policy.surroundings)?;
    let by = proofs::check(root, Purpose::Authentication, policy)?;
    presented(root, &by, policy)
}

/// A credential with its proofs in it, but for its status.
pub(super) fn secured(root: &Node<'_>, policy: &Policy<'_>) -> Result<Verdict, Refusal> {
    let credential = document::credential(root, policy.surroundings)?;
    let by = proofs::check(root, Purpose::Assertion, policy)?;
    if !by.iter().any(|did| did == credential.issuer) {
        return Err(Refusal::unproven("/proof", "no proof is by a key of the issuer"));
    }
    credential.in_force(policy.now)?;
    Ok(verdict(root, credential.issuer))
}

fn credential(root: &Node<'_>, policy: &Policy<'_>) -> Result<Verdict, Refusal> {
    if !envelope::is_enveloped(root, ENVELOPED_CREDENTIAL) {
        let verdict = secured(root, policy)?;
        status::in_force(root, verdict.by.as_deref().unwrap_or_default(), policy)?;
        return Ok(verdict);
    }
    let opened = envelope::open(root, ENVELOPED_CREDENTIAL, Purpose::Assertion, policy)?;
    let inner = json::parse_canonical(&opened.document, MAX_DOCUMENT_BYTES)?;
    let root = inner.root();
    let judge = || {
        let credential = document::credential(root, policy.surroundings)?;
        if credential.issuer != opened.by {
            return Err(Refusal::unproven(
                "/issuer",
                "the envelope is signed by another than the issuer",
            ));
        }
        credential.in_force(policy.now)?;
        status::in_force(root, credential.issuer, policy)?;
        Ok(verdict(root, credential.issuer))
    };
    judge().map_err(|error| in_envelope(&error))
}

fn presented(root: &Node<'_>, by: &[String], policy: &Policy<'_>) -> Result<Verdict, Refusal> {
    let holder = document::presentation(root, policy.surroundings)?;
    if holder.is_some_and(|holder| !by.iter().any(|did| did == holder)) {
        return Err(Refusal::unproven(
            "/holder",
            "the presentation is signed by another than its holder",
        ));
    }
    let mut all = Verdict {
        by: holder.or(by.first().map(String::as_str)).map(str::to_owned),
        unchecked: Vec::new(),
    };
    let Some(credentials) = root.get("verifiableCredential") else {
        return Ok(all);
    };
    let credentials = each(credentials, "/verifiableCredential");
    let proofs = |node: &Node<'_>| {
        node.get("proof")
            .map_or(0, |proof| proof.as_array().map_or(1, <[_]>::len))
    };
    let count = proofs(root) + credentials.iter().map(|(node, _)| proofs(node)).sum::<usize>();
    if count > MAX_PROOFS_IN_ALL {
        let message = format!("the presentation and its credentials have over {MAX_PROOFS_IN_ALL} proofs");
        return Err(Refusal::new(Code::TooLarge, "/verifiableCredential", message));
    }
    if credentials.is_empty() || credentials.len() > MAX_CREDENTIALS {
        let message = format!("there are 1 to {MAX_CREDENTIALS} credentials; leave the member out for none");
        return Err(Refusal::malformed("/verifiableCredential", message));
    }
    // What was asked of the presentation is asked of the presentation only: a credential was made before anyone asked.
    let policy = Policy {
        domain: None,
        challenge: None,
        ..*policy
    };
    for (node, pointer) in credentials {
        let verdict = credential(node, &policy).map_err(|error| error.below(&pointer))?;
        all.unchecked
            .extend(verdict.unchecked.into_iter().map(|at| format!("{pointer}{at}")));
    }
    Ok(all)
}

/// What has no say in whether a credential counts, and would have to be fetched.
fn verdict(root: &Node<'_>, issuer: &str) -> Verdict {
    let unchecked = ["credentialSchema", "refreshService", "termsOfUse", "evidence"];
    let unchecked = unchecked.into_iter().filter(|member| root.get(member).is_some());
    Verdict {
        by: Some(issuer.to_owned()),
        unchecked: unchecked.map(|member| format!("/{member}")).collect(),
    }
}

/// A pointer into what is in the envelope is none into the document that came.
fn in_envelope(error: &Refusal) -> Refusal {
    let message = format!("in the envelope, at {:?}: {}", error.pointer, error.message);
    Refusal::new(error.code, "/id", message)
}
