//! `placet brand add`: the operator registers a brand, which proves that it holds its key.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use placet_kernel::jws;
use placet_schemas::api::{REGISTRATION_TYP, RegisterController, RegistrationClaims};
use placet_schemas::json;
use placet_schemas::text::Text;
use placet_wallet::acknowledgement::check_acknowledgement;
use placet_wallet::sight::Sight;
use serde::Serialize;

use crate::client::ServerArgs;
use crate::keyfile::BrandKey;
use crate::output::Output;
use crate::pinned::{Pinned, TrustArgs};
use crate::token::OperatorToken;
use crate::{files, system};

/// Longest DID document that is read.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// Register a brand, as the operator
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The brand's key file, as `placet keygen brand` makes it
    #[arg(long, env = "PLACET_BRAND_KEY", value_name = "FILE")]
    key: PathBuf,
    /// The brand's name in law
    #[arg(long, value_name = "NAME")]
    legal_name: Text,
    /// The brand's DID document; without it the node fetches it from where did:web says
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    token: OperatorToken,
}

#[derive(Serialize)]
struct Report {
    did: String,
    index: u64,
    document: &'static str,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let key = BrandKey::read(&args.key)?;
    let document = args.document.as_deref().map(|path| -> Result<serde_json::Value> {
        let bytes = files::read(path, MAX_DOCUMENT_BYTES)?;
        let not_json = || format!("{} is no DID document", path.display());
        let parsed = json::parse(&bytes, MAX_DOCUMENT_BYTES).with_context(not_json)?;
        json::decode(parsed.root()).with_context(not_json)
    });
    let document = document.transpose()?;
    let client = args.server.client()?.with_token(args.token.read()?);
    let pinned = Pinned::of(&client, &args.trust).await?;
    let claims = RegistrationClaims {
        aud: pinned.info.origin.clone(),
        iat: system::now()?.unix(),
        nonce: client.challenge().await?.nonce,
        sub: key.did.clone(),
    };
    let challenge = jws::sign(&json::to_jcs(&claims)?, REGISTRATION_TYP, &key.method, &key.key)?;
    let source = match (&document, key.did.is_key()) {
        (Some(_), _) => "supplied",
        (None, true) => "none needed: the DID is the key",
        (None, false) => "fetched by the node",
    };
    let order = RegisterController {
        did: key.did.clone(),
        legal_name: args.legal_name,
        document,
        challenge,
    };
    let answer = client.register(&order).await?;

    // The operator signed this record, so the brand has not seen it: fetch it, and hold the answer against it.
    let opening = client.public_record(answer.acknowledgement.statement.index).await?;
    let record = json::to_jcs(&opening.record)?;
    let checked = check_acknowledgement(&record, &answer, &pinned.trust, &Sight::default());
    let checked = checked.context("the ledger's answer does not hold")?;
    if checked.statement.controller != key.did {
        bail!(
            "the ledger registered {} in place of {}",
            checked.statement.controller,
            key.did
        );
    }
    let report = Report {
        did: key.did.to_string(),
        index: checked.statement.index,
        document: source,
    };
    out.result(&report, |report| {
        format!(
            "registered {} at log index {} (DID document: {})",
            report.did, report.index, report.document
        )
    })
}
