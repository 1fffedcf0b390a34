//! `eddsa-rdfc-2022`: Data Integrity EdDSA Cryptosuites v1.0, section 3.2.
//!
//! Only what is signed is judged here. Whether the key is the issuer's, for this purpose, and whether the proof has expired
//! or is for another domain or challenge, is for the caller: all of that stands in the proof's options, which are signed.

use placet_kernel::credential::Forms;
use placet_kernel::keys::{self, PublicKey};
use placet_schemas::credential::Suite;
use placet_schemas::record::{Cryptosuite, ProofValue};
use sha2::{Digest as _, Sha256};

use crate::contexts::Contexts;
use crate::error::{ErrorCode, LinkedError};
use crate::json::{Json, Object};
use crate::{MAX_PROOFS, canonical_of, read};

/// The suite's name.
pub const CRYPTOSUITE: &str = "eddsa-rdfc-2022";
/// The type of all proofs of Data Integrity's suites.
const PROOF_TYPE: &str = "DataIntegrityProof";

/// What an Ed25519 key signs: `SHA-256(canonical proof options) || SHA-256(canonical document)` (sections 3.2.3 to 3.2.5).
///
/// `unsecured_document` is the document without the proof that is being made, and `proof_config` that proof without its
/// `proofValue`. The options are read with the document's own contexts. Where they name a `previousProof`, the document has
/// the proofs that it names, and no others, as its `proof` (Data Integrity section 4.3); that it has is for the caller.
///
/// # Errors
/// When either has no canonical form, or the options are not of this suite.
pub fn signing_input(
    unsecured_document: &[u8],
    proof_config: &[u8],
    contexts: &Contexts,
) -> Result<[u8; 64], LinkedError> {
    let document = object(read(unsecured_document)?, "the document")?;
    let config = object(read(proof_config)?, "the proof's options")?;
    input(&document, config, contexts)
}

impl Forms for Contexts {
    fn knows(&self, suite: Suite) -> bool {
        suite == Suite::EddsaRdfc2022
    }

    fn signing_input(&self, suite: Suite, unsecured: &[u8], config: &[u8]) -> Result<[u8; 64], String> {
        match suite {
            Suite::EddsaRdfc2022 => signing_input(unsecured, config, self).map_err(|error| error.to_string()),
            Suite::EddsaJcs2022 => Err(format!("{CRYPTOSUITE} is the suite of canonical RDF")),
        }
    }
}

/// Checks the proofs of a document that are of this suite and by `method`, the DID URL that `key` is known by; there must be
/// one. Proofs of other suites or by other methods are neither counted nor held against it, as in
/// [`placet_kernel::credential`].
///
/// # Errors
/// [`ErrorCode::NoProof`], [`ErrorCode::BadSignature`], and whatever [`signing_input`] says.
pub fn verify(document: &[u8], method: &str, key: &PublicKey, contexts: &Contexts) -> Result<(), LinkedError> {
    let mut document = object(read(document)?, "the document")?;
    let proofs = document.remove("proof").unwrap_or(Json::Array(Vec::new()));
    let proofs = proofs.as_slice();
    if proofs.len() > MAX_PROOFS {
        let message = format!("the document has over {MAX_PROOFS} proofs");
        return Err(LinkedError::new("/proof", ErrorCode::TooLarge, message));
    }
    let is = |proof: &Object, name: &str, text: &str| proof.get(name).and_then(Json::as_str) == Some(text);
    let mut checked = 0;
    for proof in proofs {
        let Json::Object(proof) = proof else {
            return Err(invalid("/proof", "a proof is no object"));
        };
        if is(proof, "cryptosuite", CRYPTOSUITE) && is(proof, "verificationMethod", method) {
            check(&document, proof.clone(), key, contexts)?;
            checked += 1;
        }
    }
    if checked == 0 {
        let message = format!("no proof is of {CRYPTOSUITE} and by {method}");
        return Err(LinkedError::new("/proof", ErrorCode::NoProof, message));
    }
    Ok(())
}

fn check(document: &Object, mut proof: Object, key: &PublicKey, contexts: &Contexts) -> Result<(), LinkedError> {
    if proof.get("previousProof").is_some() {
        let message = "previousProof makes a chain of proofs, which is judged by placet_kernel::vcdm alone";
        return Err(invalid("/proof/previousProof", message));
    }
    let value = proof.remove("proofValue");
    let value = value.as_ref().and_then(Json::as_str).map(str::to_owned);
    let value: Option<ProofValue> = value.and_then(|text| text.try_into().ok());
    let value = value.ok_or_else(|| invalid("/proof/proofValue", "proofValue is not z and 64 bytes in base58-btc"))?;
    let input = input(document, proof, contexts)?;
    // To the kernel a suite is the algorithm of its key; both EdDSA suites sign such an input with Ed25519.
    keys::verify_proof(Cryptosuite::EddsaJcs2022, &input, &value, key).map_err(|error| {
        let message = format!("{error}: other bytes were signed, or by another key");
        LinkedError::new("/proof/proofValue", ErrorCode::BadSignature, message)
    })
}

fn input(document: &Object, mut config: Object, contexts: &Contexts) -> Result<[u8; 64], LinkedError> {
    let says = |name: &str| config.get(name).and_then(Json::as_str);
    if says("type") != Some(PROOF_TYPE) || says("cryptosuite") != Some(CRYPTOSUITE) {
        let message = format!("the proof is no {PROOF_TYPE} of {CRYPTOSUITE}");
        return Err(invalid("/proof", message));
    }
    if config.get("proofValue").is_some() {
        let message = "proofValue is the signature, and signs nothing";
        return Err(invalid("/proof/proofValue", message));
    }
    if config
        .get("created")
        .is_some_and(|value| !value.as_str().is_some_and(is_date_time_stamp))
    {
        return Err(invalid("/proof/created", "created is no xsd:dateTimeStamp"));
    }
    let context = document
        .get("@context")
        .ok_or_else(|| invalid("", "the document has no @context"))?;
    // The document's contexts are what is signed with the options (section 3.2.5, step 5); others would not be.
    if config.get("@context").is_some_and(|own| own != context) {
        return Err(invalid(
            "/proof/@context",
            "the proof has other contexts than the document; leave them out",
        ));
    }
    config.insert("@context", context.clone());

    let config = canonical_of(&Json::Object(config), contexts).map_err(|error| below("/proof", error))?;
    let document = canonical_of(&Json::Object(document.clone()), contexts)?;
    let mut input = [0; 64];
    input[..32].copy_from_slice(&Sha256::digest(config));
    input[32..].copy_from_slice(&Sha256::digest(document));
    Ok(input)
}

fn object(value: Json, what: &str) -> Result<Object, LinkedError> {
    match value {
        Json::Object(members) => Ok(members),
        _ => Err(invalid("", format!("{what} is no object"))),
    }
}

/// `YYYY-MM-DDThh:mm:ss`, a fraction perhaps, and a zone (XML Schema 1.1 part 2, section 3.4.28), as far as its form goes.
fn is_date_time_stamp(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let fits = |text: &[u8], form: &[u8]| {
        text.len() == form.len()
            && text.iter().zip(form).all(|(byte, form)| {
                if *form == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte == form
                }
            })
    };
    let Some((start, rest)) = text.as_bytes().split_at_checked(FORM.len()) else {
        return false;
    };
    let fraction = rest
        .strip_prefix(b".")
        .map_or(0, |digits| 1 + digits.iter().take_while(|b| b.is_ascii_digit()).count());
    let zone = &rest[fraction..];
    fits(start, FORM) && fraction != 1 && (zone == b"Z" || fits(zone, b"+00:00") || fits(zone, b"-00:00"))
}

fn below(parent: &str, mut error: LinkedError) -> LinkedError {
    error.pointer.insert_str(0, parent);
    error
}

fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> LinkedError {
    LinkedError::new(pointer, ErrorCode::InvalidProof, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_zone() {
        for text in [
            "2023-02-24T23:36:38Z",
            "2023-02-24T23:36:38.123Z",
            "2023-02-24T23:36:38+01:00",
            "2023-02-24T23:36:38.1-11:30",
        ] {
            assert!(is_date_time_stamp(text), "{text}");
        }
        for text in [
            "",
            "2023-02-24",
            "2023-02-24T23:36:38",
            "2023-02-24T23:36:38.Z",
            "2023-02-24T23:36:38z",
            "2023-02-24T23:36:3éZ",
        ] {
            assert!(!is_date_time_stamp(text), "{text}");
        }
    }
}
