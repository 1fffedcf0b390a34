//! Tokens: what is signed is read back, and every known way to forge or confuse a JWS has its own refusal.

#![cfg(test)]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::Signer as _;
use placet_kernel::jws::{self, JwsError, MAX_JWS_BYTES};
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::DidUrl;
use placet_schemas::json::FaultCode;

const TYP: &str = "placet-session+jwt";
const PAYLOAD: &[u8] = br#"{"aud":"log.example"}"#;

enum Key {
    Ed(ed25519_dalek::SigningKey),
    P(p256::ecdsa::SigningKey),
}

impl Key {
    fn both() -> [Self; 2] {
        let p256 = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        [Self::Ed(ed25519_dalek::SigningKey::from_bytes(&[7; 32])), Self::P(p256)]
    }

    fn public(&self) -> PublicKey {
        PublicKey::from_raw(self.algorithm(), &self.public_key_bytes()).unwrap()
    }

    fn method(&self) -> DidUrl {
        self.public().to_did().key_method().unwrap()
    }

    /// The header, as given, with a signature that holds over it.
    fn token(&self, header: &str) -> String {
        let signed = format!("{}.{}", encode(header.as_bytes()), encode(PAYLOAD));
        format!("{signed}.{}", encode(&self.sign(signed.as_bytes()).unwrap()))
    }

    fn header(&self, alg: &str) -> String {
        format!(r#"{{"alg":"{alg}","kid":"{}","typ":"{TYP}"}}"#, self.method())
    }

    fn judge(&self, token: &str) -> Result<(DidUrl, Vec<u8>), JwsError> {
        jws::verify(token, TYP, |method| (*method == self.method()).then(|| self.public()))
    }

    fn refusal(&self, token: &str) -> JwsError {
        self.judge(token).unwrap_err()
    }
}

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed(_) => Algorithm::Ed25519,
            Self::P(_) => Algorithm::P256,
        }
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed(key) => key.verifying_key().to_bytes().to_vec(),
            Self::P(key) => key.verifying_key().to_sec1_point(true).as_bytes().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(match self {
            Self::Ed(key) => key.sign(message).to_bytes(),
            Self::P(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
        })
    }
}

fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[test]
fn what_is_signed_is_read_back() {
    for key in Key::both() {
        let token = jws::sign(PAYLOAD, TYP, &key.method(), &key).unwrap();
        assert_eq!(key.judge(&token), Ok((key.method(), PAYLOAD.to_vec())));
    }
}

#[test]
fn the_example_of_rfc_8037_holds_with_its_own_header() {
    // RFC 8037 appendix A.4: header {"alg":"EdDSA"}. It has neither kid nor typ, so it is refused; the signature, which
    // is over the same bytes, holds under the kernel's check.
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = Base64UrlUnpadded::decode_vec("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let key = PublicKey::from_raw(Algorithm::Ed25519, &key).unwrap();
    let bytes: [u8; 64] = Base64UrlUnpadded::decode_vec(signature).unwrap().try_into().unwrap();
    assert_eq!(key.verify(signed.as_bytes(), &bytes), Ok(()));
    let refused = jws::verify(&format!("{signed}.{signature}"), TYP, |_| Some(key.clone())).unwrap_err();
    assert!(matches!(refused, JwsError::Header(fault) if fault.code == FaultCode::MissingMember));
}

#[test]
fn both_names_of_ed25519_are_read() {
    let [ed, p] = Key::both();
    for alg in ["EdDSA", "Ed25519"] {
        assert!(ed.judge(&ed.token(&ed.header(alg))).is_ok());
    }
    assert!(p.judge(&p.token(&p.header("ES256"))).is_ok());
}

#[test]
fn the_key_fixes_the_algorithm() {
    let [ed, p] = Key::both();
    assert_eq!(ed.refusal(&ed.token(&ed.header("ES256"))), JwsError::Algorithm);
    for alg in ["EdDSA", "Ed25519"] {
        assert_eq!(p.refusal(&p.token(&p.header(alg))), JwsError::Algorithm);
    }
    // Neither unsigned, nor with the public key as a shared secret, nor an algorithm of the same family.
    for alg in [
        "none", "None", "NONE", "", "HS256", "RS256", "ES384", "ES256K", "Ed448", "eddsa",
    ] {
        let refused = ed.refusal(&ed.token(&ed.header(alg)));
        assert!(
            matches!(&refused, JwsError::Header(fault) if fault.pointer == "/alg" && fault.code == FaultCode::InvalidValue),
            "{alg}: {refused:?}"
        );
    }
}

#[test]
fn a_token_cannot_bring_its_own_key_or_rules() {
    for key in Key::both() {
        let alg = if key.algorithm() == Algorithm::P256 {
            "ES256"
        } else {
            "EdDSA"
        };
        for (member, value) in [
            (
                "jwk",
                r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            ),
            ("jku", r#""https://attacker.example/keys""#),
            ("x5c", r#"["MIIB"]"#),
            ("x5u", r#""https://attacker.example/cert""#),
            ("crit", r#"["b64"]"#),
            ("b64", "false"),
            ("zip", r#""DEF""#),
            ("cty", r#""JWT""#),
        ] {
            let header = key.header(alg).replacen('{', &format!(r#"{{"{member}":{value},"#), 1);
            let refused = key.refusal(&key.token(&header));
            let pointer = format!("/{member}");
            assert!(
                matches!(&refused, JwsError::Header(fault) if fault.pointer == pointer && fault.code == FaultCode::UnknownMember),
                "{member}: {refused:?}"
            );
        }
    }
}

#[test]
fn a_header_has_each_member_once() {
    let [ed, _] = Key::both();
    let header = ed.header("EdDSA");
    let twice = header.replacen('{', r#"{"alg":"ES256","#, 1);
    assert!(matches!(ed.refusal(&ed.token(&twice)), JwsError::Header(f) if f.code == FaultCode::DuplicateMember));
    for (member, without) in [
        ("/alg", header.replace(r#""alg":"EdDSA","#, "")),
        ("/typ", header.replace(&format!(r#","typ":"{TYP}""#), "")),
    ] {
        let refused = ed.refusal(&ed.token(&without));
        assert!(
            matches!(&refused, JwsError::Header(f) if f.code == FaultCode::MissingMember && f.pointer == member),
            "{refused:?}"
        );
    }
    for not_an_object in ["[]", "\"EdDSA\"", "", "{"] {
        assert!(
            matches!(ed.refusal(&ed.token(not_an_object)), JwsError::Header(_)),
            "{not_an_object}"
        );
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let [ed, _] = Key::both();
    for typ in [
        "placet-registration+jwt",
        "JWT",
        "PLACET-SESSION+JWT",
        "application/placet-session+jwt",
    ] {
        let token = jws::sign(PAYLOAD, typ, &ed.method(), &ed).unwrap();
        assert_eq!(
            ed.refusal(&token),
            JwsError::Type {
                expected: TYP.to_owned()
            }
        );
    }
}

#[test]
fn only_known_keys_count() {
    let [ed, p] = Key::both();
    let token = jws::sign(PAYLOAD, TYP, &p.method(), &p).unwrap();
    assert_eq!(ed.refusal(&token), JwsError::UnknownKey(p.method()));
    // Signed with one key in the name of another.
    let borrowed = jws::sign(
        PAYLOAD,
        TYP,
        &ed.method(),
        &Key::Ed(ed25519_dalek::SigningKey::from_bytes(&[8; 32])),
    );
    assert_eq!(ed.refusal(&borrowed.unwrap()), JwsError::Signature);
}

#[test]
fn every_changed_character_is_noticed() {
    for key in Key::both() {
        let token = jws::sign(PAYLOAD, TYP, &key.method(), &key).unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(
                key.judge(&String::from_utf8(changed).unwrap()).is_err(),
                "character {at}"
            );
        }
    }
}

#[test]
fn three_parts_of_canonical_base64url() {
    let [ed, _] = Key::both();
    let token = jws::sign(PAYLOAD, TYP, &ed.method(), &ed).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    // 64 bytes leave 4 unused bits in the last character: with one of them set, it decodes to the same signature.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let twin = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let twin = format!("{header}.{payload}.{}{twin}", &signature[..signature.len() - 1]);
    for bad in [
        "",
        ".",
        header,
        &format!("{header}.{payload}"),
        &format!("{header}.{payload}."),
        &format!("{token}."),
        &format!("{token}.{signature}"),
        &format!(".{token}"),
        &format!("{token}="),
        &format!("{token} "),
        &format!("{token}\n"),
        &format!(" {token}"),
        &token.replace('.', ".\n"),
        &token[..token.len() - 2],
        &format!("{token}AA"),
        &twin,
    ] {
        let refused = ed.refusal(bad);
        // Without a payload the token is well-formed, and its signature is over something else.
        let no_payload = *bad == format!("{header}..{signature}") && refused == JwsError::Signature;
        let no_header = bad == ".." && matches!(refused, JwsError::Header(_) | JwsError::Encoding);
        assert!(
            refused == JwsError::Encoding || no_payload || no_header,
            "{bad:?}: {refused:?}"
        );
    }
    // The padded, non-URL alphabet is another spelling of the same bytes.
    let padded = format!("{header}.{payload}.{}", signature.replace('-', "+").replace('_', "/"));
    assert!(padded == token || ed.refusal(&padded) == JwsError::Encoding);
    let json = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    assert_eq!(ed.refusal(&json), JwsError::Encoding);
}

#[test]
fn a_token_has_a_limit() {
    let [ed, _] = Key::both();
    let token = jws::sign(&vec![b'a'; MAX_JWS_BYTES], TYP, &ed.method(), &ed).unwrap();
    assert_eq!(ed.refusal(&token), JwsError::Oversize);
}

#[test]
fn codes_are_stable_and_distinct() {
    let [ed, _] = Key::both();
    let header = ed.refusal(&ed.token("{"));
    let all = [
        JwsError::Oversize,
        JwsError::Encoding,
        header,
        JwsError::Type {
            expected: TYP.to_owned(),
        },
        JwsError::UnknownKey(ed.method()),
        JwsError::Algorithm,
        JwsError::Signature,
    ];
    let codes = all.map(|error| error.code());
    let expected = [
        "jws_oversize",
        "jws_encoding",
        "jws_header",
        "jws_type",
        "jws_unknown_key",
        "jws_algorithm",
        "jws_signature",
    ];
    assert_eq!(codes, expected);
}
