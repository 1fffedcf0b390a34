//! Proving to a node that one holds a consent's key.

use anyhow::Result;
use placet_kernel::jws;
use placet_kernel::sign::{self, SignError};
use placet_schemas::api::{SESSION_TYP, SessionClaims};
use placet_schemas::id::Origin;
use placet_schemas::json;
use placet_wallet::keys::SoftwareKey;
use zeroize::Zeroizing;

use crate::client::Client;
use crate::system;

/// Opens a session, five minutes for one DID: a client that reads this DID's consents.
pub(super) async fn open(client: &Client, origin: &Origin, key: &SoftwareKey) -> Result<Client> {
    let challenge = client.challenge().await?;
    let claims = SessionClaims {
        aud: origin.clone(),
        iat: system::now()?.unix(),
        nonce: challenge.nonce,
    };
    let method = sign::did_key(key)?.key_method().ok_or(SignError::PublicKey)?;
    let token = jws::sign(&json::to_jcs(&claims)?, SESSION_TYP, &method, key)?;
    let session = client.open_session(token).await?;
    Ok(client.with_token(Zeroizing::new(session.token)))
}
