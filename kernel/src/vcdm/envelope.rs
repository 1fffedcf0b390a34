//! Credentials and presentations in JOSE envelopes: VC-JOSE-COSE section 3.1, and the `vc` and `vp` claims of VCDM 1.1, which
//! are still sent.
//!
//! A header may have `alg`, `kid`, `typ` and `cty`: whatever else it says could bring a key or rules of its own.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::id::DidUrl;
use placet_schemas::json::{self, Node};

use super::identity::{self, Purpose};
use super::json::changed;
use super::refusal::{Code, Refusal};
use super::shape;
use super::{MAX_DOCUMENT_BYTES, MAX_SKEW_SECONDS, Policy};
use crate::sign::Algorithm;

/// The media type of both kinds, which VCDM 1.1 has.
const LEGACY_MEDIA_TYPE: &str = "application/jwt";
/// Its `typ`.
const LEGACY_TYPE: &str = "JWT";
/// Claims of the token, which stand beside the members of the document (VC-JOSE-COSE section 3.1.3).
const CLAIMS: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce"];
/// Longest header, in bytes.
const MAX_HEADER_BYTES: usize = 2048;

/// The names of an envelope of credentials, or of presentations. Whoever signs credentials of any content might sign one that
/// looks like a presentation: what it says outside tells what it is.
const fn kinds(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Assertion => &["vc+jwt", "vc-ld+jwt"],
        Purpose::Authentication => &["vp+jwt", "vp-ld+jwt"],
    }
}

/// What an envelope holds, and by whom.
pub(super) struct Opened {
    pub(super) by: String,
    /// The canonical bytes of the credential or presentation.
    pub(super) document: Vec<u8>,
}

/// Whether a document says that it is an envelope.
pub(super) fn is_enveloped(root: &Node<'_>, kind: &str) -> bool {
    let types = root
        .get("type")
        .map(|node| super::json::each(node, ""))
        .unwrap_or_default();
    types.iter().any(|(node, _)| node.as_str() == Some(kind))
}

/// Opens `data:application/vc+jwt,…` in the `id` of an object of this type (VCDM 2.0 sections 4.13.1 and 4.13.2).
pub(super) fn open(root: &Node<'_>, kind: &str, purpose: Purpose, policy: &Policy<'_>) -> Result<Opened, Refusal> {
    const BASE: &str = "https://www.w3.org/ns/credentials/v2";
    let contexts = root
        .get("@context")
        .map(|node| super::json::each(node, ""))
        .unwrap_or_default();
    if !contexts.iter().any(|(node, _)| node.as_str() == Some(BASE)) {
        return Err(Refusal::malformed(
            "/@context",
            format!("an envelope has the context {BASE}"),
        ));
    }
    shape::typed(root, "", kind)?;
    if shape::types(root, "")?.len() > 1 {
        return Err(Refusal::malformed("/type", "an envelope is nothing besides"));
    }
    let id = root
        .get("id")
        .and_then(Node::as_str)
        .and_then(|id| id.strip_prefix("data:"));
    let parts = id.and_then(|data| data.split_once(','));
    let fits = |media_type: &str| {
        let kind = media_type.strip_prefix("application/");
        media_type == LEGACY_MEDIA_TYPE || kind.is_some_and(|kind| kinds(purpose).contains(&kind))
    };
    let Some((media_type, token)) = parts.filter(|(media_type, _)| fits(media_type)) else {
        let kind = kinds(purpose)[0];
        let message = format!("this is data:application/{kind} and a compact JWS");
        return Err(Refusal::malformed("/id", message));
    };
    let opened = jws(token, purpose, policy).map_err(|error| error.below("/id"));
    let (method, payload) = opened.map_err(|error| Refusal {
        pointer: "/id".to_owned(),
        ..error
    })?;
    claims(&method, &payload, media_type, purpose, policy).map_err(|error| Refusal {
        pointer: "/id".to_owned(),
        ..error
    })
}

fn jws(token: &str, purpose: Purpose, policy: &Policy<'_>) -> Result<(DidUrl, Vec<u8>), Refusal> {
    let wrong = |message: &str| Refusal::unproven("", message);
    if token.len() > MAX_DOCUMENT_BYTES {
        return Err(Refusal::new(
            Code::TooLarge,
            "",
            "the envelope is longer than a document may be",
        ));
    }
    let encoding = || wrong("the envelope is not three parts of base64url, joined by dots");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(encoding)?;
    let (header, payload) = signed.split_once('.').ok_or_else(encoding)?;
    let decode = |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| encoding());
    let signature: [u8; 64] = decode(signature)?.try_into().map_err(|_| encoding())?;
    let header = decode(header)?;
    let header = json::parse(&header, MAX_HEADER_BYTES)?;
    let header = header.root();
    let says = |member: &str| header.get(member).and_then(Node::as_str);
    let known = |member: &json::Member<'_>| {
        ["alg", "kid", "typ", "cty"].contains(&&*member.key) && member.value.as_str().is_some()
    };
    let fits = |typ: &str| typ == LEGACY_TYPE || kinds(purpose).contains(&typ);
    if !header.as_object().unwrap_or_default().iter().all(known) || says("typ").is_some_and(|typ| !fits(typ)) {
        let kind = kinds(purpose)[0];
        return Err(wrong(&format!(
            "the envelope's header has alg, kid, typ ({kind} or {LEGACY_TYPE}) and cty, and nothing besides"
        )));
    }
    let method: DidUrl = says("kid")
        .and_then(|kid| kid.parse().ok())
        .ok_or_else(|| Refusal::unknown("", "the envelope's kid names no method of a did:key or did:web"))?;
    let key = identity::key(&method, purpose, "", policy.surroundings)?;
    let fits = match key.algorithm() {
        Algorithm::Ed25519 => matches!(says("alg"), Some("EdDSA" | "Ed25519")),
        Algorithm::P256 => says("alg") == Some("ES256"),
    };
    if !fits {
        return Err(wrong("the envelope's alg is not that of the key that it names"));
    }
    key.verify(signed.as_bytes(), &signature)
        .map_err(|error| wrong(&error.to_string()))?;
    Ok((method, decode(payload)?))
}

fn claims(
    method: &DidUrl,
    payload: &[u8],
    media_type: &str,
    purpose: Purpose,
    policy: &Policy<'_>,
) -> Result<Opened, Refusal> {
    let payload = json::parse(payload, MAX_DOCUMENT_BYTES)?;
    let root = payload.root();
    let by = method.did_str();
    if root.get("iss").is_some_and(|iss| iss.as_str() != Some(by)) {
        return Err(Refusal::unproven("", "the envelope's iss is not who signed it"));
    }
    let now = policy.now.unix();
    let time = |member: &str| {
        root.get(member)
            .map(|node| node.as_integer().and_then(|n| u64::try_from(n).ok()))
    };
    match (time("nbf"), time("exp")) {
        (Some(None), _) | (_, Some(None)) => return Err(Refusal::malformed("", "nbf and exp are whole seconds")),
        (Some(Some(since)), _) if since > now + MAX_SKEW_SECONDS => {
            return Err(Refusal::new(Code::NotInForce, "", "the envelope is not yet valid"));
        }
        (_, Some(Some(end))) if end < now => {
            return Err(Refusal::new(Code::NotInForce, "", "the envelope has expired"));
        }
        _ => {}
    }
    if purpose == Purpose::Authentication {
        for (claim, wanted) in [("aud", policy.domain), ("nonce", policy.challenge)] {
            let said = root
                .get(claim)
                .map(|node| super::json::each(node, ""))
                .unwrap_or_default();
            let holds = |wanted: &str| said.iter().any(|(node, _)| node.as_str() == Some(wanted));
            if wanted.is_some_and(|wanted| !holds(wanted)) {
                let message = format!("the envelope's {claim} is not what was asked for");
                return Err(Refusal::unproven("", message));
            }
        }
    }
    let legacy = match purpose {
        Purpose::Assertion => "vc",
        Purpose::Authentication => "vp",
    };
    // VC-JOSE-COSE forbids the claim in its own media types; the older form has nothing else.
    let inner = match (root.get(legacy), media_type) {
        (None, _) => root,
        (Some(inner), LEGACY_MEDIA_TYPE) => inner,
        (Some(_), _) => {
            return Err(Refusal::malformed(
                "",
                format!("an envelope of {media_type} has no claim {legacy}"),
            ));
        }
    };
    // What the token says twice it says once.
    for (claim, member) in [("jti", "/id"), ("sub", "/credentialSubject/id")] {
        let own = inner.pointer(member).and_then(Node::as_str);
        if root
            .get(claim)
            .is_some_and(|said| said.as_str() != own || own.is_none())
        {
            return Err(Refusal::unproven(
                "",
                format!("the envelope's {claim} is not what is in it"),
            ));
        }
    }
    Ok(Opened {
        by: by.to_owned(),
        document: changed(inner, &CLAIMS, &[]),
    })
}
