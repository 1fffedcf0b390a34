//! Bodies of the issuer's own routes. Those of OpenID4VCI are as that specification says.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, Iri};
use crate::time::Timestamp;

/// The JWS `typ` of a request for an offer.
pub const OFFER_TYP: &str = "placet-offer+jwt";

/// `POST /v1/offers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskOffer {
    /// A compact JWS of typ [`OFFER_TYP`] over an [`OfferClaims`], by the key that gave the consent.
    pub jws: String,
    /// Which configurations of the issuer's metadata the offer names; where nobody says, one of each format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurations: Option<Vec<String>>,
}

/// The payload of a request for an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferClaims {
    /// The issuer's public URL: the signature is of no use at another.
    pub aud: Iri,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// A nonce of the issuer's nonce endpoint.
    pub nonce: String,
    /// The consent.
    pub consent: Digest,
}

/// What a wallet can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfferAnswer {
    /// A link for a wallet (OpenID4VCI 1.0 section 4.1), also good as a QR code.
    pub link: String,
    /// What the person types into the wallet: it goes another way than the link.
    pub tx_code: String,
    /// When both are void.
    pub expires_at: Timestamp,
}
