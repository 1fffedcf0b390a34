//! The one place where josekit is called.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use josekit::jwe::alg::ecdh_es::EcdhEsJweDecrypter;
use josekit::jwe::{self, ECDH_ES, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use placet_schemas::json::{self, Node};
use serde_json::{Map, Value};

use super::{ALGORITHM, ENCRYPTIONS, JweError, check_key};

/// Octets of an initialisation vector and of a tag of AES-GCM (RFC 7518 section 5.3).
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// Longest header.
const MAX_HEADER_BYTES: usize = 2048;
/// What a header may have (RFC 7516 section 4.1, RFC 7518 section 4.6.1).
const MEMBERS: [&str; 8] = ["alg", "enc", "epk", "kid", "apu", "apv", "typ", "cty"];

/// A key to which others encrypt, for one answer.
pub struct DecryptionKey {
    public: Value,
    decrypter: EcdhEsJweDecrypter,
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey(…)")
    }
}

impl DecryptionKey {
    /// A fresh one by this name.
    ///
    /// # Errors
    /// [`JweError::Key`] when the system gives none.
    pub fn generate(name: &str) -> Result<Self, JweError> {
        let mut pair = ECDH_ES.generate_ec_key_pair(EcCurve::P256).map_err(|_| JweError::Key)?;
        pair.set_key_id(Some(name));
        let decrypter = ECDH_ES
            .decrypter_from_jwk(&pair.to_jwk_key_pair())
            .map_err(|_| JweError::Key)?;
        let mut public: Map<String, Value> = pair.to_jwk_public_key().into();
        public.insert("use".to_owned(), "enc".into());
        public.insert("alg".to_owned(), ALGORITHM.into());
        let public = Value::Object(public);
        check_key(&public)?;
        Ok(Self { public, decrypter })
    }

    /// The public key, as others encrypt to it.
    #[must_use]
    pub fn public(&self) -> Value {
        self.public.clone()
    }

    /// What was encrypted to this key.
    ///
    /// # Errors
    /// See [`JweError`].
    pub fn decrypt(&self, token: &str) -> Result<Vec<u8>, JweError> {
        check(token)?;
        let opened = jwe::deserialize_compact(token, &self.decrypter);
        opened.map(|(content, _)| content).map_err(|_| JweError::Decryption)
    }
}

/// Encrypts to a key.
///
/// # Errors
/// When the key, or the encryption, is none that is taken here.
pub fn encrypt(content: &[u8], key: &Value, encryption: &str) -> Result<String, JweError> {
    check_key(key)?;
    if !ENCRYPTIONS.contains(&encryption) {
        return Err(JweError::Form("enc"));
    }
    let members = key.as_object().cloned().unwrap_or_default();
    let jwk = Jwk::from_map(members).map_err(|_| JweError::Key)?;
    let encrypter = ECDH_ES.encrypter_from_jwk(&jwk).map_err(|_| JweError::Key)?;
    let mut header = JweHeader::new();
    header.set_content_encryption(encryption);
    // The name says which of several keys it is for.
    if let Some(name) = key["kid"].as_str() {
        header.set_key_id(name);
    }
    jwe::serialize_compact(content, &header, &encrypter).map_err(|_| JweError::Key)
}

/// Whether it is one that may be given to josekit.
fn check(token: &str) -> Result<(), JweError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, encrypted_key, iv, _content, tag] = parts[..] else {
        return Err(JweError::Form("it has five parts"));
    };
    let octets =
        |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| JweError::Form("its parts are base64url"));
    if !encrypted_key.is_empty() {
        return Err(JweError::Form("no key is encrypted in it"));
    }
    if octets(iv)?.len() != IV_BYTES || octets(tag)?.len() != TAG_BYTES {
        return Err(JweError::Form("its vector has 12 octets, and its tag 16"));
    }
    if header.len() > MAX_HEADER_BYTES {
        return Err(JweError::Form("its header is too long"));
    }
    let header = octets(header)?;
    let header = json::parse(&header, MAX_HEADER_BYTES)?;
    let root = header.root();
    let says = |member: &str| root.get(member).and_then(Node::as_str);
    let known = root.as_object().unwrap_or_default().iter();
    if !known.into_iter().all(|member| MEMBERS.contains(&&*member.key)) {
        return Err(JweError::Form("its header has a member that is not known"));
    }
    let of_epk = |member: &str| root.get("epk").and_then(|epk| epk.get(member)).and_then(Node::as_str);
    let is_taken = says("alg") == Some(ALGORITHM)
        && says("enc").is_some_and(|enc| ENCRYPTIONS.contains(&enc))
        && of_epk("kty") == Some("EC")
        && of_epk("crv") == Some("P-256");
    if is_taken {
        Ok(())
    } else {
        Err(JweError::Form("its header"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_header(token: &str, change: impl Fn(&mut Value)) -> String {
        let (header, rest) = token.split_once('.').unwrap();
        let mut header: Value = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(header).unwrap()).unwrap();
        change(&mut header);
        let header = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
        format!("{header}.{rest}")
    }

    #[test]
    fn what_is_encrypted_to_a_key_is_opened_with_it_alone() {
        let (key, other) = (
            DecryptionKey::generate("a").unwrap(),
            DecryptionKey::generate("b").unwrap(),
        );
        for encryption in ENCRYPTIONS {
            let token = encrypt(b"content", &key.public(), encryption).unwrap();
            assert_eq!(key.decrypt(&token).unwrap(), b"content");
            assert_eq!(other.decrypt(&token).unwrap_err().code(), "jwe_decryption");
        }
        assert!(encrypt(b"content", &key.public(), "A128CBC-HS256").is_err());
    }

    #[test]
    fn no_changed_character_is_passed_over() {
        let key = DecryptionKey::generate("a").unwrap();
        let token = encrypt(b"some content that is long enough", &key.public(), "A128GCM").unwrap();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(key.decrypt(&changed).is_err(), "{at}");
        }
    }

    #[test]
    fn a_header_says_nothing_else() {
        let key = DecryptionKey::generate("a").unwrap();
        let token = encrypt(b"content", &key.public(), "A128GCM").unwrap();
        for (member, value) in [
            ("alg", json!("dir")),
            ("alg", json!("RSA1_5")),
            ("alg", json!("PBES2-HS256+A128KW")),
            ("enc", json!("A128CBC-HS256")),
            ("zip", json!("DEF")),
            ("crit", json!(["exp"])),
            ("jku", json!("https://evil.example")),
            ("p2c", json!(1_000_000_000)),
            ("epk", json!({"kty": "OKP", "crv": "X25519", "x": "AA"})),
        ] {
            let changed = with_header(&token, |header| header[member] = value.clone());
            let refused = key.decrypt(&changed).unwrap_err();
            assert_eq!(refused.code(), "jwe_malformed", "{member} {value}");
        }
        // A point that is not on the curve would give the key away, a few bits each time.
        let off = with_header(&token, |header| header["epk"]["y"] = header["epk"]["x"].clone());
        assert_eq!(key.decrypt(&off).unwrap_err().code(), "jwe_decryption");
    }

    #[test]
    fn a_tag_is_whole_and_a_vector_is_there() {
        let key = DecryptionKey::generate("a").unwrap();
        let token = encrypt(b"content", &key.public(), "A256GCM").unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let tag = Base64UrlUnpadded::decode_vec(parts[4]).unwrap();
        for length in [0, 1, 4, 12, 15] {
            let short = Base64UrlUnpadded::encode_string(&tag[..length]);
            let token = [parts[0], "", parts[2], parts[3], &short].join(".");
            assert_eq!(key.decrypt(&token).unwrap_err().code(), "jwe_malformed", "{length}");
        }
        for wrong in [
            [parts[0], "AAAA", parts[2], parts[3], parts[4]].join("."),
            [parts[0], "", "", parts[3], parts[4]].join("."),
            parts[..4].join("."),
            format!("{token}.x"),
            String::new(),
        ] {
            assert_eq!(key.decrypt(&wrong).unwrap_err().code(), "jwe_malformed", "{wrong}");
        }
    }

    #[test]
    fn only_a_public_key_of_the_curve_is_encrypted_to() {
        let good = DecryptionKey::generate("a").unwrap().public();
        assert!(encrypt(b"x", &good, "A128GCM").is_ok());
        for (member, value) in [
            ("kty", json!("RSA")),
            ("crv", json!("P-384")),
            ("x", json!("AA")),
            ("y", good["x"].clone()),
            ("d", json!("AA")),
            ("use", json!("sig")),
            ("alg", json!("ECDH-ES+A128KW")),
        ] {
            let mut key = good.clone();
            key[member] = value;
            assert!(encrypt(b"x", &key, "A128GCM").is_err(), "{member}");
        }
    }
}
