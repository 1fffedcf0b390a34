//! What of a DID document (W3C DID Core 1.0) may sign here.
//!
//! The document as a whole is open: members and methods of other kinds are passed over. What is taken must be without
//! doubt: a method that `assertionMethod` lists, that belongs to the DID itself, with one Ed25519 or P-256 key.

use placet_kernel::keys::PublicKey;
use placet_kernel::sign::Algorithm;
use placet_schemas::id::{Did, DidUrl, Digest};
use placet_schemas::json::{self, Fault, Node};
use placet_schemas::record::keys::{DidDocument, Multikey, VerificationMethod};

use super::MAX_DOCUMENT_BYTES;

/// Why a document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is no strict JSON (I-JSON without floats), which its digest needs.
    #[error("{0}")]
    Json(#[from] Fault),
    /// It is the document of another DID.
    #[error("its id is not the DID that registers")]
    OtherId,
    /// No method that may sign is of a kind that is known here, or there are too many.
    #[error("it has no usable assertionMethod, names one twice, or has more than 32")]
    Methods,
    /// A method that may sign has a key of a known kind that is no key.
    #[error("the key of the method with fragment {fragment} is malformed")]
    Key {
        /// The fragment of the method.
        fragment: String,
    },
}

/// A document that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDocument {
    /// What of it counts here.
    pub document: DidDocument,
    /// SHA-256 of the canonical bytes of the whole.
    pub digest: Digest,
}

/// Reads the document of `did` from bytes.
///
/// # Errors
/// See [`DocumentError`].
pub fn parse(bytes: &[u8], did: &Did) -> Result<ReadDocument, DocumentError> {
    read(json::parse(bytes, MAX_DOCUMENT_BYTES)?.root(), did)
}

/// Reads the document of `did` from a node of strict JSON.
///
/// # Errors
/// See [`DocumentError`].
pub fn read(root: &Node<'_>, did: &Did) -> Result<ReadDocument, DocumentError> {
    if root.get("id").and_then(Node::as_str) != Some(did.as_str()) {
        return Err(DocumentError::OtherId);
    }
    let listed = root.get("assertionMethod").and_then(Node::as_array).unwrap_or_default();
    let mut methods = Vec::new();
    for entry in listed {
        let method = match entry.as_str() {
            Some(reference) => find(root, did, reference),
            None => Some(entry),
        };
        if let Some(method) = method {
            methods.extend(reduce(method, did)?);
        }
    }
    let document = DidDocument::new(did.clone(), methods).map_err(|_| DocumentError::Methods)?;
    Ok(ReadDocument {
        document,
        digest: Digest::of(&root.to_jcs()),
    })
}

/// The document that a did:key stands for (W3C CCG did:key): its one method.
///
/// # Errors
/// [`DocumentError::OtherId`] for another kind of DID, [`DocumentError::Key`] when it holds no key.
pub fn of_did_key(did: &Did) -> Result<ReadDocument, DocumentError> {
    let (id, multibase) = did
        .key_method()
        .zip(did.key_multibase())
        .ok_or(DocumentError::OtherId)?;
    let key = PublicKey::from_multibase(multibase).map_err(|_| malformed(&id))?;
    let document = DidDocument::new(did.clone(), vec![multikey(id, did, &key)]).map_err(|_| DocumentError::Methods)?;
    let bytes = json::to_jcs(&document).map_err(|_| DocumentError::Methods)?;
    Ok(ReadDocument {
        document,
        digest: Digest::of(&bytes),
    })
}

/// The method that a reference names, absolute or relative (`#key-1`).
fn find<'d, 'a>(root: &'d Node<'a>, did: &Did, reference: &str) -> Option<&'d Node<'a>> {
    let wanted = absolute(did, reference);
    let methods = root.get("verificationMethod")?.as_array()?;
    methods.iter().find(|m| {
        m.get("id")
            .and_then(Node::as_str)
            .is_some_and(|id| absolute(did, id) == wanted)
    })
}

fn absolute(did: &Did, id: &str) -> String {
    if id.starts_with('#') {
        format!("{did}{id}")
    } else {
        id.to_owned()
    }
}

/// The method as a Multikey; `None` when it is of another kind, or another DID's.
fn reduce(method: &Node<'_>, did: &Did) -> Result<Option<VerificationMethod>, DocumentError> {
    let text = |name: &str| method.get(name).and_then(Node::as_str);
    let id = text("id")
        .and_then(|id| absolute(did, id).parse::<DidUrl>().ok())
        .filter(|id| id.did_str() == did.as_str());
    // A method that names another controller would let that one sign as this brand.
    let (Some(id), Some(true)) = (id, text("controller").map(|c| c == did.as_str())) else {
        return Ok(None);
    };
    let key = match text("type") {
        Some("Multikey") => from_multikey(text("publicKeyMultibase")),
        Some("Ed25519VerificationKey2020") => from_multikey(text("publicKeyMultibase")).map(only_ed25519),
        Some("JsonWebKey" | "JsonWebKey2020") => method.get("publicKeyJwk").map_or(Ok(None), from_jwk),
        _ => return Ok(None),
    };
    let key = key.map_err(|NoKey| malformed(&id))?;
    Ok(key.map(|key| multikey(id, did, &key)))
}

/// A key of a known kind that is malformed. What is of an unknown kind is `Ok(None)` instead.
struct NoKey;

fn from_multikey(multibase: Option<&str>) -> Result<Option<PublicKey>, NoKey> {
    use placet_kernel::keys::KeyError;
    match PublicKey::from_multibase(multibase.ok_or(NoKey)?) {
        Ok(key) => Ok(Some(key)),
        // Perhaps an X25519 or secp256k1 key, which has its place in a document but not here.
        Err(KeyError::NotMultikey) => Ok(None),
        Err(KeyError::NotAPoint) => Err(NoKey),
    }
}

fn only_ed25519(key: Option<PublicKey>) -> Option<PublicKey> {
    key.filter(|key| key.algorithm() == Algorithm::Ed25519)
}

fn from_jwk(jwk: &Node<'_>) -> Result<Option<PublicKey>, NoKey> {
    placet_kernel::jwk::read(jwk).map_err(|_| NoKey)
}

fn multikey(id: DidUrl, did: &Did, key: &PublicKey) -> VerificationMethod {
    VerificationMethod {
        id,
        r#type: Multikey::Multikey,
        controller: did.clone(),
        public_key_multibase: key.to_multibase(),
    }
}

fn malformed(id: &DidUrl) -> DocumentError {
    DocumentError::Key {
        fragment: id.fragment().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DID: &str = "did:web:cinema.example";
    /// The Ed25519 key of RFC 8037 appendix A, as x and as Multikey.
    const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    /// The P-256 key of RFC 7515 appendix A.3.
    const P_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const P_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn ed_multikey() -> String {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"}}"#);
        let jwk = json::parse(jwk.as_bytes(), jwk.len()).unwrap();
        from_jwk(jwk.root()).ok().flatten().unwrap().to_multibase()
    }

    fn method(fragment: &str, kind: &str, key: &str) -> String {
        format!(r#"{{"id":"{DID}#{fragment}","type":"{kind}","controller":"{DID}",{key}}}"#)
    }

    fn parse_with(methods: &[String], assertion: &str) -> Result<ReadDocument, DocumentError> {
        let methods = methods.join(",");
        let text = format!(
            r##"{{"@context":["https://www.w3.org/ns/did/v1"],"id":"{DID}","alsoKnownAs":["https://cinema.example"],"verificationMethod":[{methods}],"assertionMethod":{assertion},"service":[{{"id":"#s","type":"T","serviceEndpoint":{{"a":null}}}}]}}"##
        );
        parse(text.as_bytes(), &DID.parse().unwrap())
    }

    fn okp() -> String {
        format!(r#""publicKeyJwk":{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}","alg":"EdDSA"}}"#)
    }

    fn ec(y: &str) -> String {
        format!(r#""publicKeyJwk":{{"kty":"EC","crv":"P-256","x":"{P_X}","y":"{y}"}}"#)
    }

    #[test]
    fn every_known_kind_becomes_a_multikey_in_the_order_of_assertion_method() {
        let multibase = format!(r#""publicKeyMultibase":"{}""#, ed_multikey());
        let methods = [
            method("a", "Multikey", &multibase),
            method("b", "Ed25519VerificationKey2020", &multibase),
            method("c", "JsonWebKey2020", &okp()),
            method("d", "JsonWebKey", &ec(P_Y)),
            method("e", "JsonWebKey", &okp()),
        ];
        let read = parse_with(&methods, &format!(r##"["#d","{DID}#c","{DID}#b","#a"]"##)).unwrap();
        let found: Vec<_> = read
            .document
            .methods()
            .iter()
            .map(|m| (m.id.fragment(), m.public_key_multibase.as_str()))
            .collect();
        let ed = ed_multikey();
        assert_eq!(found[1..], [("c", ed.as_str()), ("b", ed.as_str()), ("a", ed.as_str())]);
        assert!(found[0].1.starts_with("zDn"), "{found:?}");
    }

    #[test]
    fn embedded_methods_count_and_unknown_kinds_are_passed_over() {
        let embedded = method("in", "JsonWebKey", &okp());
        let x25519 = method(
            "x",
            "JsonWebKey",
            r#""publicKeyJwk":{"kty":"OKP","crv":"X25519","x":"AAAA"}"#,
        );
        let rsa = method("r", "RsaVerificationKey2018", r#""publicKeyPem":"…""#);
        let read = parse_with(&[x25519, rsa], &format!(r##"["#x","#r","#gone",{embedded}]"##)).unwrap();
        assert_eq!(read.document.methods().len(), 1);
    }

    #[test]
    fn a_document_without_a_key_that_may_sign_is_refused() {
        let foreign = method("f", "JsonWebKey", &okp()).replace(
            &format!(r#""controller":"{DID}""#),
            r#""controller":"did:web:other.example""#,
        );
        let elsewhere = method("f", "JsonWebKey", &okp()).replace(&format!("{DID}#f"), "did:web:other.example#f");
        assert_eq!(
            parse_with(&[method("a", "JsonWebKey", &okp())], "[]"),
            Err(DocumentError::Methods)
        );
        assert_eq!(parse_with(&[foreign], r##"["#f"]"##), Err(DocumentError::Methods));
        assert_eq!(
            parse_with(&[elsewhere], r##"["did:web:other.example#f"]"##),
            Err(DocumentError::Methods)
        );
        let twice = method("a", "JsonWebKey", &okp());
        assert_eq!(parse_with(&[twice], r##"["#a","#a"]"##), Err(DocumentError::Methods));
    }

    #[test]
    fn a_malformed_key_is_named() {
        let expected = Err(DocumentError::Key {
            fragment: "k".to_owned(),
        });
        let off_curve = P_Y.replacen('x', "y", 1);
        let private = okp().replace(r#""alg""#, r#""d":"AA","alg""#);
        for key in [ec(&off_curve), okp().replace(ED_X, "AAAA"), private] {
            assert_eq!(parse_with(&[method("k", "JsonWebKey", &key)], r##"["#k"]"##), expected);
        }
        assert_eq!(
            parse_with(&[method("k", "Multikey", r#""x":"y""#)], r##"["#k"]"##),
            expected
        );
    }

    #[test]
    fn the_digest_is_of_the_whole_document() {
        let one = parse_with(&[method("a", "JsonWebKey", &okp())], r##"["#a"]"##).unwrap();
        let two = parse_with(
            &[method("a", "JsonWebKey", &okp()), method("b", "X", r#""y":1"#)],
            r##"["#a"]"##,
        )
        .unwrap();
        assert_eq!(one.document, two.document);
        assert_ne!(one.digest, two.digest);
    }

    #[test]
    fn another_dids_document_and_loose_json_are_refused() {
        let did: Did = "did:web:other.example".parse().unwrap();
        assert_eq!(
            parse(br#"{"id":"did:web:cinema.example"}"#, &did),
            Err(DocumentError::OtherId)
        );
        assert!(matches!(
            parse(br#"{"id":"a","id":"b"}"#, &did),
            Err(DocumentError::Json(_))
        ));
    }

    #[test]
    fn a_did_key_is_its_own_document() {
        let did: Did = format!("did:key:{}", ed_multikey()).parse().unwrap();
        let read = of_did_key(&did).unwrap();
        assert_eq!(read.document.key(&did.key_method().unwrap()), did.key_multibase());
        assert_eq!(of_did_key(&DID.parse().unwrap()), Err(DocumentError::OtherId));
    }
}
