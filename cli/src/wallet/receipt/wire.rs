//! Talking to an issuer: OpenID4VCI 1.0 as a wallet does it. What comes back is judged elsewhere.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use placet_client::{Call, Server, exchange, exchange_as};
use placet_issuer::PublicUrl;
use placet_kernel::jwk;
use placet_kernel::jws::Protected;
use placet_kernel::possession::PROOF_TYP;
use placet_kernel::sign::{SignError, Signer as _};
use placet_schemas::api::issuer::{AskOffer, OFFER_TYP, OfferAnswer, OfferClaims};
use placet_schemas::credential::Suite;
use placet_schemas::credential::sd_jwt::{RECEIPT_VCT, SD_JWT_VC_TYP};
use placet_schemas::id::{DidUrl, Digest};
use placet_schemas::json as strict;
use placet_wallet::keys::SoftwareKey;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::system;
use crate::wallet::meet::TransportArgs;

/// The scheme of offers by value (section 4.1.2).
const BY_VALUE: &str = "credential_offer=";
const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const FORM: &str = "application/x-www-form-urlencoded";
const LDP_VC: &str = "ldp_vc";
/// Longest link that is read.
const MAX_LINK_BYTES: usize = 16 * 1024;
/// How long is waited before an issuer is asked again for what it puts off: as it says, within these.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How long in all.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// Largest answer of an issuer.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Which of the receipts that are offered is claimed.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// The first that this wallet keeps.
    Any,
    /// An `ldp_vc` with proofs of exactly these suites.
    LdpVc(&'static [Suite]),
    /// A `dc+sd-jwt`.
    SdJwt,
}

/// An issuer.
pub(super) struct IssuerClient {
    place: PublicUrl,
    /// The host itself, without the path of the issuer.
    host: Server,
    origin: String,
}

/// An offer (section 4.1.1), as far as this wallet takes it.
#[derive(Debug, Deserialize)]
pub(super) struct Offer {
    pub(super) credential_issuer: String,
    credential_configuration_ids: Vec<String>,
    grants: Grants,
}

#[derive(Debug, Deserialize)]
struct Grants {
    #[serde(rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code")]
    pre_authorized: Option<PreAuthorized>,
}

#[derive(Debug, Deserialize)]
struct PreAuthorized {
    #[serde(rename = "pre-authorized_code")]
    code: String,
    tx_code: Option<Value>,
}

/// Reads the link of an offer.
pub(super) fn read_link(link: &str) -> Result<Offer> {
    if link.len() > MAX_LINK_BYTES {
        bail!("the link is longer than {MAX_LINK_BYTES} bytes");
    }
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let value = query.split('&').find_map(|part| part.strip_prefix(BY_VALUE));
    let value = value.context("this is no link of an offer: openid-credential-offer://?credential_offer=…")?;
    let text = decoded(value).context("the link is damaged: it is not percent-encoded")?;
    serde_json::from_slice(&text).context("the link is damaged: it holds no offer")
}

impl IssuerClient {
    pub(super) fn new(url: &str, transport: &TransportArgs) -> Result<Self> {
        let place = PublicUrl::parse(url)?;
        let origin = place.as_str().strip_suffix(place.path()).unwrap_or_default().to_owned();
        Ok(Self {
            host: transport.server(&origin)?,
            place,
            origin,
        })
    }

    pub(super) fn url(&self) -> &str {
        self.place.as_str()
    }

    /// Asks for an offer with the key of a consent.
    pub(super) async fn offer(&self, consent: &Digest, wanted: Wanted, key: &SoftwareKey) -> Result<OfferAnswer> {
        let metadata = self.metadata().await?;
        let claims = OfferClaims {
            aud: self.url().parse()?,
            iat: system::now()?.unix(),
            nonce: self.nonce(&metadata).await?,
            consent: *consent,
        };
        let jws = signed(OFFER_TYP, &strict::to_jcs(&claims)?, key)?;
        let configurations = match wanted {
            Wanted::Any => None,
            wanted => Some(vec![wanted.among(&metadata)?]),
        };
        let body = strict::to_jcs(&AskOffer { jws, configurations })?;
        let path = format!("{}/v1/offers", self.place.path());
        let answer = self
            .call(Method::POST, &path, None, Some(body), "application/json")
            .await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Claims what an offer is for: token, nonce, proof, credential, notification.
    pub(super) async fn claim(
        &self,
        offer: &Offer,
        wanted: Wanted,
        tx_code: Option<&str>,
        key: &SoftwareKey,
    ) -> Result<String> {
        let grant = offer.grants.pre_authorized.as_ref();
        let grant = grant.context("the offer has no pre-authorized code, which is all that this wallet redeems")?;
        if grant.tx_code.is_some() && tx_code.is_none() {
            bail!("the offer wants a code: say --tx-code DIGITS");
        }
        let metadata = self.metadata().await?;
        let configuration = configuration(&metadata, offer, wanted)?;
        let token = self.token(&grant.code, tx_code).await?;
        let claims = json!({
            "aud": self.url(), "iat": system::now()?.unix(), "nonce": self.nonce(&metadata).await?,
        });
        let proof = signed(PROOF_TYP, claims.to_string().as_bytes(), key)?;
        let body = json!({"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}});
        let answer = self.post(&metadata, "credential_endpoint", Some(&token), &body).await?;
        let answer = self.wait(&metadata, &token, answer).await?;
        let credential = answer
            .pointer("/credentials/0/credential")
            .context("the issuer gave no credential")?;
        let text = match credential.as_str() {
            Some(text) => text.to_owned(),
            None => credential.to_string(),
        };
        if let (Some(id), true) = (
            answer.get("notification_id"),
            metadata.get("notification_endpoint").is_some(),
        ) {
            let said = json!({"notification_id": id, "event": "credential_accepted"});
            // Whether the issuer hears it changes nothing for the person.
            let _heard = self.post(&metadata, "notification_endpoint", Some(&token), &said).await;
        }
        Ok(text)
    }

    /// Asks again for what the issuer cannot give yet (section 9): the answer, or the last one that it put us off with.
    async fn wait(&self, metadata: &Value, token: &str, mut answer: Value) -> Result<Value> {
        let mut waited = Duration::ZERO;
        while let Some(id) = answer.get("transaction_id").cloned() {
            let pause =
                Duration::from_secs(answer["interval"].as_u64().unwrap_or_default()).clamp(MIN_PAUSE, MAX_PAUSE);
            waited += pause;
            if waited > MAX_WAIT {
                bail!("the issuer cannot say at the moment what is in force, and gives no receipt: try again later");
            }
            tokio::time::sleep(pause).await;
            let body = json!({ "transaction_id": id });
            answer = self
                .post(metadata, "deferred_credential_endpoint", Some(token), &body)
                .await?;
        }
        Ok(answer)
    }

    /// The keys by which the issuer signs, each with its method.
    pub(super) async fn keys(&self) -> Result<Vec<(DidUrl, String)>> {
        let path = self.place.well_known_path("jwt-vc-issuer");
        let bytes = self.get(&path).await?;
        let document = strict::parse(&bytes, MAX_BYTES).context("the issuer's keys are malformed")?;
        let root = document.root();
        if root.get("issuer").and_then(strict::Node::as_str) != Some(self.url()) {
            bail!("the issuer's keys are another's");
        }
        let keys = root
            .get("jwks")
            .and_then(|jwks| jwks.get("keys"))
            .and_then(strict::Node::as_array);
        let mut all = Vec::new();
        for jwk in keys.unwrap_or_default() {
            let method = jwk
                .get("kid")
                .and_then(strict::Node::as_str)
                .and_then(|kid| kid.parse().ok());
            if let (Some(method), Some(key)) = (method, jwk::read(jwk)?) {
                all.push((method, key.to_multibase()));
            }
        }
        Ok(all)
    }

    /// A status list by its URL, which must be this issuer's.
    pub(super) async fn list(&self, url: &str) -> Result<Vec<u8>> {
        let path = self.path(url)?;
        self.get(&path).await
    }

    async fn metadata(&self) -> Result<Value> {
        let path = self.place.well_known_path("openid-credential-issuer");
        let metadata: Value = self.json(&path).await?;
        // Section 12.2.1: whoever answers for another is not believed.
        if metadata["credential_issuer"] != self.url() {
            bail!("{} says that it is another issuer", self.url());
        }
        Ok(metadata)
    }

    async fn nonce(&self, metadata: &Value) -> Result<String> {
        let answer = self.post(metadata, "nonce_endpoint", None, &json!({})).await?;
        let nonce = answer["c_nonce"].as_str().context("the issuer gave no nonce")?;
        Ok(nonce.to_owned())
    }

    async fn token(&self, code: &str, tx_code: Option<&str>) -> Result<Zeroizing<String>> {
        let path = self.place.well_known_path("oauth-authorization-server");
        let server: Value = self.json(&path).await?;
        if server["issuer"] != self.url() {
            bail!("{} says that another server gives its tokens", self.url());
        }
        let mut form = format!(
            "grant_type={}&pre-authorized_code={}",
            encoded(PRE_AUTHORIZED),
            encoded(code)
        );
        if let Some(tx_code) = tx_code {
            form.push_str(&format!("&tx_code={}", encoded(tx_code.trim())));
        }
        let path = self.path(server["token_endpoint"].as_str().unwrap_or_default())?;
        let answer = self
            .call(Method::POST, &path, None, Some(form.into_bytes()), FORM)
            .await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let token = answer["access_token"].as_str().context("the issuer gave no token")?;
        Ok(Zeroizing::new(token.to_owned()))
    }

    async fn post(&self, metadata: &Value, endpoint: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let path = self.path(metadata[endpoint].as_str().unwrap_or_default())?;
        let body = Some(body.to_string().into_bytes());
        let answer = self.call(Method::POST, &path, token, body, "application/json").await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).context("the issuer's answer is no JSON")
    }

    async fn json(&self, path: &str) -> Result<Value> {
        serde_json::from_slice(&self.get(path).await?).context("the issuer's answer is no JSON")
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>> {
        let call = Call {
            method: Method::GET,
            path,
            token: None,
            body: None,
        };
        let answer = exchange(&self.host, call).await;
        self.accepted(path, answer)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
        media_type: &'static str,
    ) -> Result<Vec<u8>> {
        let call = Call {
            method,
            path,
            token,
            body,
        };
        let answer = exchange_as(&self.host, call, media_type).await;
        self.accepted(path, answer)
    }

    fn accepted(&self, path: &str, answer: Result<placet_client::Answer, placet_client::Silence>) -> Result<Vec<u8>> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(silence) => bail!("no answer from {}: {}", self.origin, silence.why),
        };
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = said["error"].as_str().or(said["code"].as_str()).unwrap_or("refused");
        let why = said["error_description"]
            .as_str()
            .or(said["detail"].as_str())
            .unwrap_or_default();
        bail!("{code}: {why} ({}{path} answered {})", self.origin, answer.status)
    }

    /// The path of an address of this issuer. What leads elsewhere is not followed: it would tell a token to somebody else.
    fn path(&self, url: &str) -> Result<String> {
        let path = url.strip_prefix(&self.origin).filter(|path| path.starts_with('/'));
        path.map(str::to_owned)
            .with_context(|| format!("the issuer leads to {url:?}, which is not at {}", self.origin))
    }
}

impl Wanted {
    fn is(self, known: &Value) -> bool {
        let by = &known["credential_signing_alg_values_supported"];
        match self {
            Self::Any => known["format"] == LDP_VC,
            Self::LdpVc(suites) => known["format"] == LDP_VC && *by == json!(suites),
            Self::SdJwt => known["format"] == SD_JWT_VC_TYP && known["vct"] == RECEIPT_VCT,
        }
    }

    /// The configuration of it among all that the issuer has.
    fn among(self, metadata: &Value) -> Result<String> {
        let known = metadata["credential_configurations_supported"].as_object();
        let mut known = known.into_iter().flatten();
        let found = known.find_map(|(id, known)| self.is(known).then(|| id.clone()));
        found.context("the issuer has no receipt in this format, signed as was asked")
    }
}

/// The first configuration of the offer that is what is wanted.
fn configuration(metadata: &Value, offer: &Offer, wanted: Wanted) -> Result<String> {
    let known = &metadata["credential_configurations_supported"];
    let mut offered = offer.credential_configuration_ids.iter();
    let found = offered.find(|id| wanted.is(&known[id.as_str()]));
    found
        .cloned()
        .context("the offer has no receipt in this format, signed as was asked")
}

fn signed(typ: &str, payload: &[u8], key: &SoftwareKey) -> Result<String> {
    let method = key.did().key_method().ok_or(SignError::PublicKey)?;
    Ok(Protected::new(typ, &method, key.algorithm())?.sign(payload, key)?)
}

fn encoded(text: &str) -> String {
    crate::client::encode(text)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        out.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_offer_or_refused() {
        let offer = json!({
            "credential_issuer": "https://issuer.example",
            "credential_configuration_ids": ["a"],
            "grants": { PRE_AUTHORIZED: { "pre-authorized_code": "c", "tx_code": {} } },
        });
        let link = format!(
            "openid-credential-offer://?credential_offer={}",
            encoded(&offer.to_string())
        );
        let read = read_link(&link).unwrap();
        assert_eq!(read.credential_issuer, "https://issuer.example");
        assert_eq!(read.grants.pre_authorized.unwrap().code, "c");
        for wrong in [
            "",
            "openid-credential-offer://",
            "openid-credential-offer://?credential_offer=",
            "openid-credential-offer://?credential_offer=%7",
            "openid-credential-offer://?credential_offer=%zz",
            "openid-credential-offer://?credential_offer=%7B%7D",
            "https://host/i#x",
        ] {
            assert!(read_link(wrong).is_err(), "{wrong}");
        }
        assert!(read_link(&"x".repeat(20_000)).is_err());
    }
}
