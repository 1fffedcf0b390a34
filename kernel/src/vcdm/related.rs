//! `relatedResource` (VCDM 2.0 section 5.3): digests of what stands elsewhere. Nothing is fetched, so only what is known here
//! can be compared, and the rest is refused.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use placet_schemas::json::Node;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::Surroundings;
use super::refusal::{Code, Refusal};
use super::shape::{self, missing};

/// Multihash's prefixes of the digests that are known: the function's code, and how many bytes follow.
const MULTIHASH: [(&[u8], usize); 3] = [(&[0x12, 0x20], 32), (&[0x20, 0x30], 48), (&[0x13, 0x40], 64)];
/// Longest text of digests.
const MAX_DIGEST_CHARACTERS: usize = 512;

pub(super) fn check(root: &Node<'_>, surroundings: &dyn Surroundings) -> Result<(), Refusal> {
    let mut seen: Vec<&str> = Vec::new();
    let all = shape::objects(root, "relatedResource")?;
    for (node, pointer) in &all {
        let id = shape::id(node, pointer)?.ok_or_else(|| missing(pointer, "id", "says which resource it is"))?;
        if seen.contains(&id) {
            let message = "another related resource has this id; give all its digests in one";
            return Err(Refusal::malformed(format!("{pointer}/id"), message));
        }
        seen.push(id);
        let media_type = format!("{pointer}/mediaType");
        node.get("mediaType")
            .map(|node| shape::string(node, &media_type))
            .transpose()?;
        let digests = ["digestSRI", "digestMultibase"];
        if digests.iter().all(|member| node.get(member).is_none()) {
            return Err(missing(pointer, "digestSRI", "or digestMultibase is what is compared"));
        }
        let known = surroundings.resource(id);
        if known.is_empty() {
            let message = "this resource is not known here, and none is fetched";
            return Err(Refusal::unknown(format!("{pointer}/id"), message));
        }
        for member in digests {
            let Some(value) = node.get(member) else {
                continue;
            };
            let at = format!("{pointer}/{member}");
            let text = shape::string(value, &at)?;
            let holds = match member {
                "digestSRI" => known.iter().any(|bytes| sri(text, bytes)),
                _ => known.iter().any(|bytes| multibase(text, bytes)),
            };
            if text.len() > MAX_DIGEST_CHARACTERS || !holds {
                let message = "this is not the digest of what is published there, or none of SHA-256, -384 and -512";
                return Err(Refusal::new(Code::Unproven, at, message));
            }
        }
    }
    Ok(())
}

/// Subresource Integrity section 3.3: of several functions the strongest counts, of several digests of it any.
fn sri(text: &str, bytes: &[u8]) -> bool {
    if text.len() > MAX_DIGEST_CHARACTERS {
        return false;
    }
    let strongest = ["sha512-", "sha384-", "sha256-"]
        .into_iter()
        .find(|prefix| text.split_ascii_whitespace().any(|one| one.starts_with(prefix)));
    strongest.is_some_and(|prefix| {
        let digest = Base64::encode_string(&hash(prefix, bytes));
        let all = text.split_ascii_whitespace();
        all.filter_map(|one| one.strip_prefix(prefix)).any(|one| one == digest)
    })
}

fn multibase(text: &str, bytes: &[u8]) -> bool {
    let decoded = match text.split_at_checked(1) {
        Some((_, rest)) if rest.len() > MAX_DIGEST_CHARACTERS => None,
        Some(("u", rest)) => Base64UrlUnpadded::decode_vec(rest).ok(),
        Some(("z", rest)) => bs58::decode(rest).into_vec().ok(),
        _ => None,
    };
    decoded.is_some_and(|digest| {
        let multihash = MULTIHASH
            .into_iter()
            .find_map(|(prefix, length)| digest.strip_prefix(prefix).filter(|rest| rest.len() == length));
        // A digest without a prefix is of the function that the data model's own examples use.
        let digest = multihash.unwrap_or(&digest);
        match digest.len() {
            32 => digest == hash("sha256-", bytes),
            48 => digest == hash("sha384-", bytes),
            64 => digest == hash("sha512-", bytes),
            _ => false,
        }
    })
}

fn hash(function: &str, bytes: &[u8]) -> Vec<u8> {
    match function {
        "sha512-" => Sha512::digest(bytes).to_vec(),
        "sha384-" => Sha384::digest(bytes).to_vec(),
        _ => Sha256::digest(bytes).to_vec(),
    }
}
