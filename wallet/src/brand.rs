//! The records that a brand signs: its requests, a withdrawal that it passes on, and its own ending of a consent.

use placet_kernel::arrival::Refusal;
use placet_schemas::id::{Did, DidUrl, Digest};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::consent::{EndedByController, Relayed, Withdrawal};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::rules;
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::build::{self, BuildError, Pen};

/// Who signs: the brand, and the method of its DID document that names the pen's key.
#[derive(Debug, Clone, Copy)]
pub struct Brand<'a> {
    /// Its DID.
    pub did: &'a Did,
    /// The method, such as `did:web:cinema.example#key-1`.
    pub method: &'a DidUrl,
}

/// Builds a request. `notices` has the notice in each language that the request names, and no other.
///
/// # Errors
/// When a rule forbids to ask this, a notice is missing, is another one, or disagrees with the request, or the brand is
/// not the request's first controller.
pub fn request(
    body: ConsentRequest,
    notices: &[CanonicalNotice],
    brand: Brand<'_>,
    pen: &Pen<'_>,
) -> Result<CanonicalRecord, BuildError> {
    if body.controllers.registered().id != *brand.did {
        return Err(Refusal::WrongSigner("a request is signed by its first controller").into());
    }
    rules::check_request(&body).map_err(Refusal::from)?;
    for (language, named) in body.notices.iter() {
        let notice = notices.iter().find(|notice| notice.notice.language == *language);
        let notice = notice.ok_or_else(|| BuildError::NoNotice(language.clone()))?;
        let found = notice.digest();
        if found != named {
            return Err(BuildError::OtherNotice {
                language: language.clone(),
                found,
                named,
            });
        }
        notice.notice.agrees_with(&body, language)?;
    }
    sign(brand, pen, Body::ConsentRequest(Box::new(body)))
}

/// Builds the withdrawal that a person told the brand of, by `channel` (a word or two, nothing about her), at
/// `received_at`. It ends the consent when it is recorded.
///
/// # Errors
/// When the key cannot be used, or the method is not the brand's.
pub fn relay_withdrawal(
    consent: Digest,
    channel: Text,
    received_at: Timestamp,
    brand: Brand<'_>,
    pen: &Pen<'_>,
) -> Result<CanonicalRecord, BuildError> {
    let relayed = Some(Relayed { channel, received_at });
    sign(
        brand,
        pen,
        Body::Withdrawal(Withdrawal {
            version: Version,
            consent,
            anchor: None,
            relayed,
        }),
    )
}

/// Builds the record by which the brand itself ends a consent; `reason` says nothing about the person.
///
/// # Errors
/// When the key cannot be used, or the method is not the brand's.
pub fn end(consent: Digest, reason: Text, brand: Brand<'_>, pen: &Pen<'_>) -> Result<CanonicalRecord, BuildError> {
    sign(
        brand,
        pen,
        Body::EndedByController(EndedByController {
            version: Version,
            consent,
            reason,
        }),
    )
}

fn sign(brand: Brand<'_>, pen: &Pen<'_>, body: Body) -> Result<CanonicalRecord, BuildError> {
    if brand.method.did_str() != brand.did.as_str() {
        return Err(BuildError::Method {
            did: brand.did.clone(),
            method: brand.method.clone(),
        });
    }
    build::brand(&build::draft(pen, brand.did.clone(), None, body), brand.method, pen)
}
