//! What people type and hold: session tokens, withdrawal codes. A bearer token has no form that could be parsed: it is
//! hashed and looked up.

use placet_kernel::code::{CODE_CHARS, WithdrawalCode};
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{SESSION_TYP, SessionClaims};
use placet_schemas::id::DidUrl;
use placet_schemas::json;

use super::sample::SAMPLE;
use super::{assert_code, assert_told};

/// A signed proof of a key, as the node reads it: any did:key may sign, and only what the sample's key signed holds.
pub fn session_token(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let key = |method: &DidUrl| PublicKey::from_did(&method.did_str().parse().ok()?).ok();
    let (_, payload) = match jws::verify(text, SESSION_TYP, key) {
        Ok(verified) => verified,
        Err(error) => {
            assert_code(error.code());
            return false;
        }
    };
    assert!(
        SAMPLE.tokens.iter().any(|token| token.as_bytes() == data),
        "nobody signed this"
    );
    let document = json::parse(&payload, jws::MAX_JWS_BYTES).unwrap();
    if let Err(fault) = json::decode::<SessionClaims>(document.root()) {
        assert_told(&fault);
    }
    true
}

/// A withdrawal code as people type it: written again it is one spelling of the same code.
pub fn withdrawal_code(data: &[u8]) -> bool {
    let Some(Ok(code)) = str::from_utf8(data).ok().map(str::parse::<WithdrawalCode>) else {
        return false;
    };
    let written = code.to_string();
    assert_eq!(written.chars().filter(|c| *c != '-').count(), CODE_CHARS);
    let again: WithdrawalCode = written.parse().unwrap();
    assert!(again == code && again.seed() == code.seed());
    true
}
