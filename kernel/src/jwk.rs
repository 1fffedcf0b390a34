//! Public keys as JSON Web Keys (RFC 7517): Ed25519 (RFC 8037) and P-256 (RFC 7518 section 6.2).
//!
//! Out of scope, and refused: private keys. Members that say how a key is to be used are somebody else's to look at.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::json::{self, JcsError, Node};
use sha2::{Digest as _, Sha256};

use crate::keys::PublicKey;
use crate::sign::Algorithm;

/// Why a JWK is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It holds a private key: whoever publishes one by mistake must learn it, and not have it accepted.
    #[error("the JWK holds a private key: it is not a secret any more; make another one")]
    Private,
    /// A coordinate is missing, malformed or not on the curve.
    #[error("the JWK's coordinates are no point of its curve")]
    Coordinates,
}

/// Reads a JWK; nothing for a key of a kind that is not in use here.
///
/// # Errors
/// See [`JwkError`].
pub fn read(jwk: &Node<'_>) -> Result<Option<PublicKey>, JwkError> {
    let text = |name: &str| jwk.get(name).and_then(Node::as_str);
    if jwk.get("d").is_some() {
        return Err(JwkError::Private);
    }
    match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) => PublicKey::from_raw(Algorithm::Ed25519, &coordinate(text("x"))?)
            .map(Some)
            .map_err(|_| JwkError::Coordinates),
        (Some("EC"), Some("P-256")) => {
            // Both coordinates are checked against the curve: a y that is not the point's must not pass unseen.
            let point = [[4].as_slice(), &coordinate(text("x"))?, &coordinate(text("y"))?].concat();
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                .map(|key| Some(PublicKey::P256(key)))
                .map_err(|_| JwkError::Coordinates)
        }
        _ => Ok(None),
    }
}

/// The members of a key that its thumbprint is over (RFC 7638 section 3.2), in their order.
#[must_use]
pub fn members(key: &PublicKey) -> Vec<(&'static str, String)> {
    let encode = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
    match key {
        PublicKey::Ed25519(key) => vec![
            ("crv", "Ed25519".to_owned()),
            ("kty", "OKP".to_owned()),
            ("x", encode(key.as_bytes())),
        ],
        PublicKey::P256(key) => {
            let point = key.to_sec1_point(false);
            let (x, y) = point.as_bytes()[1..].split_at(32);
            vec![
                ("crv", "P-256".to_owned()),
                ("kty", "EC".to_owned()),
                ("x", encode(x)),
                ("y", encode(y)),
            ]
        }
    }
}

/// The SHA-256 thumbprint (RFC 7638), in base64url.
///
/// # Errors
/// Never: a key has a canonical form.
pub fn thumbprint(key: &PublicKey) -> Result<String, JcsError> {
    let members: std::collections::BTreeMap<_, _> = members(key).into_iter().collect();
    Ok(Base64UrlUnpadded::encode_string(&Sha256::digest(json::to_jcs(
        &members,
    )?)))
}

fn coordinate(text: Option<&str>) -> Result<[u8; 32], JwkError> {
    let mut bytes = [0; 32];
    match Base64UrlUnpadded::decode(text.ok_or(JwkError::Coordinates)?, &mut bytes) {
        Ok(decoded) if decoded.len() == 32 => Ok(bytes),
        _ => Err(JwkError::Coordinates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.2 and A.3.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const ED_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    /// RFC 7515 appendix A.3.
    const P: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

    fn parse(text: &str) -> Result<Option<PublicKey>, JwkError> {
        read(json::parse(text.as_bytes(), 4096).unwrap().root())
    }

    #[test]
    fn the_keys_of_the_rfcs_are_read_and_written() {
        for text in [ED, P] {
            let key = parse(text).unwrap().unwrap();
            let members: std::collections::BTreeMap<_, _> = members(&key).into_iter().collect();
            let expected: std::collections::BTreeMap<String, String> = serde_json::from_str(text).unwrap();
            assert_eq!(
                members
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect::<Vec<_>>(),
                expected
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect::<Vec<_>>()
            );
        }
        assert_eq!(thumbprint(&parse(ED).unwrap().unwrap()).unwrap(), ED_THUMBPRINT);
    }

    #[test]
    fn what_is_no_key_or_a_private_one_is_refused() {
        let private = ED.replace("{\"kty", "{\"d\":\"AA\",\"kty");
        assert_eq!(parse(&private), Err(JwkError::Private));
        let other_y = P.replace("x_FE", "x_FF");
        assert_eq!(parse(&other_y), Err(JwkError::Coordinates));
        assert_eq!(parse(&ED.replace("11qY", "11q")), Err(JwkError::Coordinates));
        assert_eq!(parse(r#"{"kty":"EC","crv":"P-256"}"#), Err(JwkError::Coordinates));
        for other in [
            r#"{"kty":"RSA","n":"AA","e":"AQAB"}"#,
            r#"{"kty":"oct","k":"AA"}"#,
            "{}",
            "[]",
        ] {
            assert_eq!(parse(other), Ok(None), "{other}");
        }
    }
}
