//! What a payload says with its disclosures (RFC 9901 section 7.1, steps 3 to 5).

use std::collections::{HashMap, HashSet};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::authzen::DisclosureDigest;
use placet_schemas::json;
use serde_json::{Map, Value};

use super::{MAX_SD_JWT_BYTES, SdJwt, SdJwtError};

/// Where the digests of members are.
const MEMBERS: &str = "_sd";
/// Where that of an element is.
const ELEMENT: &str = "...";
/// Where the hash function is named.
const ALGORITHM: &str = "_sd_alg";
/// Deepest nesting once all is disclosed.
const MAX_DEPTH: usize = 32;

struct Open {
    /// Disclosures by their digest; taken out when they are put in their place.
    disclosures: HashMap<String, (Option<String>, Value)>,
    /// All digests that were seen in the token and in disclosures.
    seen: HashSet<String>,
}

/// The payload of a token whose signature holds, with what is disclosed in its place and no digest left.
///
/// # Errors
/// See [`SdJwtError`].
pub fn disclosed(payload: &[u8], token: &SdJwt<'_>) -> Result<Value, SdJwtError> {
    // The strict reader first: no member twice, bounded depth and size.
    json::parse(payload, MAX_SD_JWT_BYTES).map_err(SdJwtError::Payload)?;
    let payload: Value = serde_json::from_slice(payload).map_err(|_| SdJwtError::Form)?;
    let Value::Object(mut payload) = payload else {
        return Err(SdJwtError::Form);
    };
    match payload.remove(ALGORITHM) {
        None => {}
        Some(Value::String(name)) if name == "sha-256" => {}
        Some(_) => return Err(SdJwtError::Digests("_sd_alg is not sha-256")),
    }
    let mut open = Open {
        disclosures: HashMap::new(),
        seen: HashSet::new(),
    };
    for text in token.disclosures() {
        let digest = DisclosureDigest::of(text).as_str().to_owned();
        if open.disclosures.insert(digest, read(text)?).is_some() {
            return Err(SdJwtError::Digests("a disclosure comes twice"));
        }
    }
    let payload = open.object(payload, 0)?;
    if open.disclosures.is_empty() {
        Ok(Value::Object(payload))
    } else {
        Err(SdJwtError::Unreferenced)
    }
}

/// The name of the member that a disclosure is of, none for an element, and what it discloses.
pub(super) fn read(text: &str) -> Result<(Option<String>, Value), SdJwtError> {
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| SdJwtError::Disclosure)?;
    json::parse(&bytes, MAX_SD_JWT_BYTES).map_err(|_| SdJwtError::Disclosure)?;
    let parts: Vec<Value> = serde_json::from_slice(&bytes).map_err(|_| SdJwtError::Disclosure)?;
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Value::String(_)), Some(value), None, None) => Ok((None, value)),
        (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) => {
            if name == MEMBERS || name == ELEMENT {
                return Err(SdJwtError::Digests("a disclosure is named as digests are"));
            }
            Ok((Some(name), value))
        }
        _ => Err(SdJwtError::Disclosure),
    }
}

impl Open {
    fn value(&mut self, value: Value, depth: usize) -> Result<Value, SdJwtError> {
        if depth > MAX_DEPTH {
            return Err(SdJwtError::Digests("it is nested too deeply once it is disclosed"));
        }
        match value {
            Value::Object(object) => Ok(Value::Object(self.object(object, depth)?)),
            Value::Array(elements) => self.array(elements, depth).map(Value::Array),
            other => Ok(other),
        }
    }

    fn object(&mut self, mut object: Map<String, Value>, depth: usize) -> Result<Map<String, Value>, SdJwtError> {
        let digests = match object.remove(MEMBERS) {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(SdJwtError::Digests("_sd is no array")),
        };
        if object.contains_key(ELEMENT) {
            return Err(SdJwtError::Digests(
                "an object that is no element has the member \"...\"",
            ));
        }
        let mut whole = Map::new();
        for (name, value) in object {
            whole.insert(name, self.value(value, depth + 1)?);
        }
        for digest in digests {
            let Value::String(digest) = digest else {
                return Err(SdJwtError::Digests("a digest is no string"));
            };
            match self.take(digest)? {
                None => {}
                Some((Some(name), value)) => {
                    let value = self.value(value, depth + 1)?;
                    if whole.insert(name, value).is_some() {
                        return Err(SdJwtError::Digests("a member is disclosed that is there already"));
                    }
                }
                Some((None, _)) => return Err(SdJwtError::Digests("an element is disclosed as a member")),
            }
        }
        Ok(whole)
    }

    fn array(&mut self, elements: Vec<Value>, depth: usize) -> Result<Vec<Value>, SdJwtError> {
        let mut whole = Vec::with_capacity(elements.len());
        for element in elements {
            let digest = match &element {
                Value::Object(object) if object.contains_key(ELEMENT) => match (object.get(ELEMENT), object.len()) {
                    (Some(Value::String(digest)), 1) => Some(digest.clone()),
                    _ => return Err(SdJwtError::Digests("an element has \"...\" and something besides")),
                },
                _ => None,
            };
            match digest {
                None => whole.push(self.value(element, depth + 1)?),
                Some(digest) => match self.take(digest)? {
                    None => {}
                    Some((None, value)) => whole.push(self.value(value, depth + 1)?),
                    Some((Some(_), _)) => return Err(SdJwtError::Digests("a member is disclosed as an element")),
                },
            }
        }
        Ok(whole)
    }

    fn take(&mut self, digest: String) -> Result<Option<(Option<String>, Value)>, SdJwtError> {
        let disclosed = self.disclosures.remove(&digest);
        if !self.seen.insert(digest) {
            return Err(SdJwtError::Digests("a digest comes twice"));
        }
        Ok(disclosed)
    }
}
