//! What the holder of a receipt may withhold: put into disclosures, among decoys.

use placet_schemas::authzen::DisclosureDigest;
use placet_schemas::credential::sd_jwt::SdReceipt;
use placet_schemas::id::encode_hex;
use placet_schemas::json::JcsError;
use serde_json::{Value, json};

use crate::sd_jwt::{Disclosure, SALT_BYTES};

/// Digests of a scope come in multiples of so many, so that their number tells little of how much was consented to.
const SCOPE_DIGESTS: usize = 4;
/// Digests beside that of the person.
const DECOYS: usize = 3;

/// The payload with digests in place of what may be withheld, and the disclosures: the person, each clause, and the salt by
/// which the record could be found in the log. `random` gives fresh random bytes each time.
///
/// # Errors
/// Those of `random`, and when the claims have no canonical form.
pub fn withheld<E: From<JcsError>>(
    claims: &SdReceipt,
    mut random: impl FnMut() -> Result<[u8; 32], E>,
) -> Result<(Value, Vec<Disclosure>), E> {
    let mut payload = serde_json::to_value(claims).unwrap_or_default();
    let mut disclosures = Vec::new();
    let mut digests = Vec::new();
    for clause in &claims.scope {
        let disclosure = Disclosure::element(salt(random()?), clause)?;
        digests.push(disclosure.digest().clone());
        disclosures.push(disclosure);
    }
    let full = digests.len().next_multiple_of(SCOPE_DIGESTS);
    let element = |digest: DisclosureDigest| json!({ "...": digest });
    payload["scope"] = among(digests, full, &mut random)?.into_iter().map(element).collect();
    if let Some(sub) = &claims.sub {
        let disclosure = Disclosure::member(salt(random()?), "sub", sub)?;
        payload["_sd"] = json!(among(vec![disclosure.digest().clone()], 1 + DECOYS, &mut random)?);
        disclosures.push(disclosure);
    }
    if let Some(opening) = &claims.evidence.salt {
        let disclosure = Disclosure::member(salt(random()?), "salt", opening)?;
        payload["evidence"]["_sd"] = json!([disclosure.digest()]);
        disclosures.push(disclosure);
    }
    for (object, name) in [("", "sub"), ("/evidence", "salt")] {
        if let Some(Value::Object(members)) = payload.pointer_mut(object) {
            members.remove(name);
        }
    }
    payload["_sd_alg"] = json!("sha-256");
    Ok((payload, disclosures))
}

/// The digests among decoys (RFC 9901 section 4.2.5), `full` in all, sorted: their order tells nothing.
fn among<E>(
    mut digests: Vec<DisclosureDigest>,
    full: usize,
    random: &mut impl FnMut() -> Result<[u8; 32], E>,
) -> Result<Vec<DisclosureDigest>, E> {
    while digests.len() < full {
        // A digest of what nobody knows looks like any other.
        digests.push(DisclosureDigest::of(&encode_hex(&random()?)));
    }
    digests.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    Ok(digests)
}

fn salt(random: [u8; 32]) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    salt.copy_from_slice(&random[..SALT_BYTES]);
    salt
}
