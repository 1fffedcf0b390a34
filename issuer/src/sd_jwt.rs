//! A receipt as SD-JWT VC: what its holder may withhold goes into disclosures, among decoys.

use placet_kernel::jwk;
use placet_kernel::jws::Protected;
use placet_kernel::keys::PublicKey;
use placet_kernel::sd_jwt::{Disclosure, SALT_BYTES, assemble};
use placet_kernel::sign::Signer as _;
use placet_schemas::authzen::DisclosureDigest;
use placet_schemas::credential::sd_jwt::{
    Confirmation, RECEIPT_VCT, SD_JWT_VC_TYP, SdEvidence, SdReceipt, TokenStatus, TokenStatusEntry,
};
use placet_schemas::id::encode_hex;
use placet_schemas::json;
use placet_schemas::version::Version;
use placet_service::random;
use serde_json::{Value, json};

use crate::consent::Held;
use crate::error::StoreError;
use crate::issuer::Inner;
use crate::reading::Reading;
use crate::receipts::InForce;
use crate::slots::Format;

/// Digests of a scope come in multiples of so many, so that their number tells little of how much was consented to.
const SCOPE_DIGESTS: usize = 4;
/// Digests beside that of the person.
const DECOYS: usize = 3;

impl Inner {
    /// Signs a receipt for a holder, as long as the reading is held.
    pub(crate) fn sign_sd_jwt(
        &self,
        reading: &Reading,
        in_force: &InForce,
        number: u64,
        holder: &PublicKey,
    ) -> Result<String, StoreError> {
        let claims = self.claims(reading, in_force, number, holder)?;
        let (payload, disclosures) = withheld(&claims)?;
        let key = &self.keys.p256;
        let header = Protected::new(SD_JWT_VC_TYP, key.method(), key.algorithm())?;
        let jwt = header.sign(&json::to_jcs(&payload)?, key)?;
        Ok(assemble(&jwt, &disclosures))
    }

    fn claims(
        &self,
        reading: &Reading,
        in_force: &InForce,
        number: u64,
        holder: &PublicKey,
    ) -> Result<SdReceipt, StoreError> {
        let Held { state, told, .. } = &in_force.held;
        let request = reading.request(&state.request);
        let request = request.ok_or(StoreError::Corrupt("a consent answers a request that is not kept"))?;
        let slots = self.status_key.of(reading.controller());
        let slot = slots.slot(told.ordinal, Format::SdJwt, number);
        let members = jwk::members(holder).into_iter();
        let iss = self.settings.public_url.as_str().parse();
        Ok(SdReceipt {
            iss: iss.map_err(|_| StoreError::Corrupt("the public URL is no IRI"))?,
            iat: in_force.now.unix(),
            exp: state.valid_until.unix(),
            vct: RECEIPT_VCT.to_owned(),
            sub: Some(state.subject.clone()),
            cnf: Confirmation {
                jwk: members
                    .map(|(name, value)| (name.to_owned(), Value::from(value)))
                    .collect(),
            },
            status: TokenStatus {
                status_list: TokenStatusEntry {
                    idx: slot.index,
                    uri: self.token_url(&slots.list_id(slot.list)),
                },
            },
            version: Version,
            consent: state.consent,
            record: told.record,
            request: state.request,
            controllers: request.controllers.clone(),
            notice: told.notice,
            language: told.language.clone(),
            scope: state.scope.clauses().to_vec(),
            evidence: SdEvidence {
                r#type: Default::default(),
                salt: Some(told.salt),
                tlog_proof: told.proof.clone(),
                log_size: in_force.log_size,
            },
        })
    }
}

/// The payload with digests in place of what may be withheld: the person, each clause, and the salt by which the record could
/// be found in the log.
fn withheld(claims: &SdReceipt) -> Result<(Value, Vec<Disclosure>), StoreError> {
    let mut payload = serde_json::to_value(claims).map_err(|_| StoreError::Corrupt("a receipt has no JSON"))?;
    let mut disclosures = Vec::new();
    let mut digests = Vec::new();
    for clause in &claims.scope {
        let disclosure = Disclosure::element(random::bytes::<SALT_BYTES>()?, clause)?;
        digests.push(disclosure.digest().clone());
        disclosures.push(disclosure);
    }
    let full = digests.len().next_multiple_of(SCOPE_DIGESTS);
    let element = |digest: DisclosureDigest| json!({ "...": digest });
    payload["scope"] = among(digests, full)?.into_iter().map(element).collect();
    if let Some(sub) = &claims.sub {
        let disclosure = Disclosure::member(random::bytes::<SALT_BYTES>()?, "sub", sub)?;
        payload["_sd"] = json!(among(vec![disclosure.digest().clone()], 1 + DECOYS)?);
        disclosures.push(disclosure);
    }
    if let Some(salt) = &claims.evidence.salt {
        let disclosure = Disclosure::member(random::bytes::<SALT_BYTES>()?, "salt", salt)?;
        payload["evidence"]["_sd"] = json!([disclosure.digest()]);
        disclosures.push(disclosure);
    }
    for (object, name) in [("", "sub"), ("/evidence", "salt")] {
        if let Some(Value::Object(members)) = payload.pointer_mut(object) {
            members.remove(name);
        }
    }
    payload["_sd_alg"] = json!("sha-256");
    Ok((payload, disclosures))
}

/// The digests among decoys (RFC 9901 section 4.2.5), `full` in all, sorted: their order tells nothing.
fn among(mut digests: Vec<DisclosureDigest>, full: usize) -> Result<Vec<DisclosureDigest>, StoreError> {
    while digests.len() < full {
        // A digest of what nobody knows looks like any other.
        digests.push(DisclosureDigest::of(&encode_hex(&random::bytes::<32>()?)));
    }
    digests.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    Ok(digests)
}
