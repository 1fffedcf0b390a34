//! A receipt as SD-JWT VC.

use placet_kernel::jwk;
use placet_kernel::jws::Protected;
use placet_kernel::keys::PublicKey;
use placet_kernel::receipt;
use placet_kernel::sd_jwt::assemble;
use placet_kernel::sign::Signer as _;
use placet_schemas::credential::sd_jwt::{
    Confirmation, RECEIPT_VCT, SD_JWT_VC_TYP, SdEvidence, SdReceipt, TokenStatus, TokenStatusEntry,
};
use placet_schemas::json;
use placet_schemas::version::Version;
use placet_service::random;
use serde_json::Value;

use crate::consent::Held;
use crate::error::StoreError;
use crate::issuer::Inner;
use crate::reading::Reading;
use crate::receipts::InForce;
use crate::slots::Format;

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
        let (payload, disclosures) = receipt::withheld(&claims, || random::bytes().map_err(StoreError::from))?;
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
