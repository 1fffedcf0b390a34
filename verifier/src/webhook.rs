//! Telling the brand's own service what people answered: messages by the Standard Webhooks specification (version 1.0.0,
//! symmetric signatures).
//!
//! A message is a hint that something is to be looked at. It is no evidence, and no decision rests on it: whoever wants to
//! know whether something is permitted asks.

use std::fmt;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use placet_client::outgoing::{OutgoingConfig, OutgoingError, WebUrl};
use placet_schemas::api::{WebhookData, WebhookMessage, WebhookType};
use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::store::No;

/// The file of the webhook's secret in the verifier's folder, where no other is named.
pub const WEBHOOK_SECRET_FILE: &str = "webhook.key";
/// Bytes of a secret (Standard Webhooks, "Signature scheme").
pub const SECRET_BYTES: core::ops::RangeInclusive<usize> = 24..=64;
/// Most secrets of one file: the one in use, and those that it replaces.
pub const MAX_SECRETS: usize = 4;
/// Longest file of secrets.
pub const MAX_SECRET_FILE_BYTES: usize = 1024;
/// Bytes of a secret that is made here.
const FRESH_BYTES: usize = 32;
/// How the text of a secret begins.
const SECRET_PREFIX: &str = "whsec_";
/// Hex digits of a message's name: 128 bits.
const NAME_DIGITS: usize = 32;
const AGENT: &str = concat!("placet-verifier/", env!("CARGO_PKG_VERSION"));
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Why a webhook cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("the webhook's address: {0}")]
    Address(#[from] OutgoingError),
    /// Plain http to the web.
    #[error("the webhook's messages name customers, so they go over https; http is for private networks only")]
    Http,
    /// The file of secrets.
    #[error(
        "a file of webhook secrets has 1 to {MAX_SECRETS} lines of whsec_ and 24 to 64 bytes in base64, the newest first"
    )]
    Secret,
}

/// Where messages go, and how they are signed.
#[derive(Clone)]
pub struct Webhook {
    pub(crate) url: WebUrl,
    pub(crate) config: OutgoingConfig,
    secrets: Vec<Secret>,
}

#[derive(Clone)]
struct Secret(Zeroizing<Vec<u8>>);

/// Something to tell.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) message: WebhookMessage,
}

impl Webhook {
    /// A webhook at this address. `secrets` is the text of a file: one secret a line, the newest first; each message is signed
    /// by all of them, so that the receiver can change over. `allow_private` opens loopback and private addresses, and http.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn new(url: &str, secrets: &str, allow_private: bool) -> Result<Self, WebhookError> {
        let (url, http) = WebUrl::parse(url)?;
        if http && !allow_private {
            return Err(WebhookError::Http);
        }
        let secrets: Vec<Secret> = secrets
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(Secret::parse)
            .collect::<Option<_>>()
            .filter(|secrets: &Vec<Secret>| (1..=MAX_SECRETS).contains(&secrets.len()))
            .ok_or(WebhookError::Secret)?;
        let config = OutgoingConfig {
            allow_private_addresses: allow_private,
            allow_http: http,
        };
        Ok(Self { url, config, secrets })
    }

    /// A new secret, as its file has it.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh_secret() -> Result<Zeroizing<String>, placet_service::random::RandomError> {
        let bytes = Zeroizing::new(placet_service::random::bytes::<FRESH_BYTES>()?);
        let encoded = Zeroizing::new(Base64::encode_string(&*bytes));
        Ok(Zeroizing::new(format!("{SECRET_PREFIX}{}\n", *encoded)))
    }

    /// Where the secret is when no file is named.
    #[must_use]
    pub fn secret_file(dir: &Path) -> std::path::PathBuf {
        dir.join(WEBHOOK_SECRET_FILE)
    }

    /// The headers of one attempt.
    pub(crate) fn headers(&self, name: &str, now: Timestamp, body: &[u8]) -> Option<HeaderMap> {
        let time = now.unix().to_string();
        let signatures: Vec<String> = self
            .secrets
            .iter()
            .map(|secret| secret.sign(name, &time, body))
            .collect();
        let mut signatures = HeaderValue::from_str(&signatures.join(" ")).ok()?;
        signatures.set_sensitive(true);
        Some(HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(AGENT)),
            (WEBHOOK_ID, HeaderValue::from_str(name).ok()?),
            (WEBHOOK_TIMESTAMP, HeaderValue::from_str(&time).ok()?),
            (WEBHOOK_SIGNATURE, signatures),
        ]))
    }
}

/// An address may have a secret in its path, and a secret is one.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(…)")
    }
}

impl Secret {
    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(Base64::decode_vec(text.strip_prefix(SECRET_PREFIX)?).ok()?);
        SECRET_BYTES.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// `v1,` and the signature of `id.timestamp.payload`.
    fn sign(&self, name: &str, time: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("any length will do"));
        for part in [name.as_bytes(), b".", time.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
    }
}

impl Event {
    /// A customer said no.
    pub(crate) fn declined(no: &No) -> Self {
        let message = WebhookMessage {
            r#type: WebhookType::Declined,
            timestamp: no.at,
            data: WebhookData {
                version: Version,
                customer: no.customer.clone(),
                request: no.request,
                invitation: no.invitation,
                consent: None,
                valid_until: None,
            },
        };
        Self { message }
    }

    /// A consent of a customer was given, or has ended: its request, invitation and id.
    pub(crate) fn of_consent(
        kind: WebhookType,
        customer: CustomerRef,
        at: Timestamp,
        (request, invitation, consent): (Digest, Digest, Digest),
        valid_until: Option<Timestamp>,
    ) -> Self {
        let message = WebhookMessage {
            r#type: kind,
            timestamp: at,
            data: WebhookData {
                version: Version,
                customer,
                request,
                invitation,
                consent: Some(consent),
                valid_until,
            },
        };
        Self { message }
    }

    /// The webhook-id: of what happened alone, so that whoever is told twice, by this verifier or by two of the brand's, can
    /// tell. A consent is given once and ends once, an invitation is declined once.
    pub(crate) fn name(&self) -> String {
        let data = &self.message.data;
        let what = self.message.r#type.as_str();
        let of = data.consent.unwrap_or(data.invitation);
        let digest = Digest::of(format!("placet webhook v1\n{what}\n{of}").as_bytes()).to_string();
        format!("msg_{}", &digest[..NAME_DIGITS])
    }

    pub(crate) fn body(&self) -> Result<Vec<u8>, StoreError> {
        Ok(json::to_jcs(&self.message)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let webhook = Webhook::new(
            "https://shop.example/hook",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
            false,
        )
        .unwrap();
        let now = Timestamp::from_unix(1_614_265_330).unwrap();
        let headers = webhook
            .headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#)
            .unwrap();
        assert_eq!(
            headers[WEBHOOK_SIGNATURE],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(headers[WEBHOOK_TIMESTAMP], "1614265330");
        assert_eq!(headers[WEBHOOK_ID], "msg_p5jXN8AQM9LWM0D4loKWxJek");
    }

    #[test]
    fn a_secret_that_is_replaced_signs_on() {
        let (old, new) = (Webhook::fresh_secret().unwrap(), Webhook::fresh_secret().unwrap());
        let both = Webhook::new("https://shop.example", &format!("{}{}", *new, *old), false).unwrap();
        let one = Webhook::new("https://shop.example", &old, false).unwrap();
        let now = Timestamp::from_unix(1).unwrap();
        let [both, one] = [both, one].map(|webhook| webhook.headers("msg_1", now, b"{}").unwrap());
        let both = both[WEBHOOK_SIGNATURE].to_str().unwrap().to_owned();
        let all: Vec<&str> = both.split(' ').collect();
        assert_eq!((all.len(), all[1]), (2, one[WEBHOOK_SIGNATURE].to_str().unwrap()));
    }

    #[test]
    fn what_is_no_secret_or_no_address_is_refused() {
        let good = Webhook::fresh_secret().unwrap();
        for secret in [
            "",
            "\n",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_?",
        ] {
            let refused = Webhook::new("https://shop.example", secret, false);
            assert!(matches!(refused, Err(WebhookError::Secret)), "{secret}");
        }
        let many = good.repeat(MAX_SECRETS + 1);
        assert!(Webhook::new("https://shop.example", &many, false).is_err());
        assert!(matches!(
            Webhook::new("http://shop.example", &good, false),
            Err(WebhookError::Http)
        ));
        assert!(Webhook::new("http://shop.example", &good, true).is_ok());
        assert!(matches!(
            Webhook::new("shop", &good, true),
            Err(WebhookError::Address(_))
        ));
        let webhook = Webhook::new("https://shop.example/a-secret", &good, false).unwrap();
        assert_eq!(format!("{webhook:?}"), "Webhook(…)");
    }

    #[test]
    fn the_same_event_has_the_same_name_and_another_has_another() {
        let at = Timestamp::from_unix(1).unwrap();
        let event = |kind, consent: &[u8]| {
            let ids = (Digest::of(b"r"), Digest::of(b"i"), Digest::of(consent));
            Event::of_consent(kind, "C-1".parse().unwrap(), at, ids, None)
        };
        let given = event(WebhookType::Given, b"a");
        assert_eq!(given.name(), event(WebhookType::Given, b"a").name());
        assert_ne!(given.name(), event(WebhookType::Withdrawn, b"a").name());
        assert_ne!(given.name(), event(WebhookType::Given, b"b").name());
        let body = String::from_utf8(given.body().unwrap()).unwrap();
        assert!(
            body.contains(r#""type":"consent.given""#) && body.contains(r#""customer":"C-1""#),
            "{body}"
        );
        assert!(
            given.name().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "no full stop: it is signed"
        );
    }
}
