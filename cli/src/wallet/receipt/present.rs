//! `placet receipt present`: answers a verifier's request (OpenID4VP 1.0) with the receipt that it asks for, and no more of it
//! than it asks for.

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use placet_client::outgoing::WebUrl;
use placet_client::{Call, exchange, exchange_as};
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_kernel::receipt;
use placet_kernel::sd_jwt;
use placet_schemas::credential::sd_jwt::SdReceipt;
use placet_schemas::id::{Did, DidUrl, Digest};
use placet_schemas::json as strict;
use placet_schemas::time::Timestamp;
use placet_service::jwe::{self, ENCRYPTIONS};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::dcql::{Query, Wanted};
use super::held::is_sd_jwt;
use crate::output::Output;
use crate::wallet::book::{KeptReceipt, KnownConsent};
use crate::wallet::meet::{TransportArgs, meet_again};
use crate::wallet::store::Wallet;
use crate::wallet::{ask, grant, watch};
use crate::{system, words};

/// The `typ` of a request object (RFC 9101 section 10.8).
const REQUEST_TYP: &str = "oauth-authz-req+jwt";
/// How a verifier is named that its DID document vouches for (OpenID4VP section 5.9.3).
const BY_DID: &str = "decentralized_identifier:";
/// For whom requests of this kind are (section 5.8).
const FOR_WALLETS: &str = "https://self-issued.me/v2";
/// How requests can be answered: as a form (section 8.2), or in it as a JWE (section 8.3.1).
const PLAIN: &str = "direct_post";
const ENCRYPTED: &str = "direct_post.jwt";
const FORM: &str = "application/x-www-form-urlencoded";
/// Longest link that is read.
const MAX_LINK_BYTES: usize = 16 * 1024;
/// Longest request object.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Show a verifier the receipt that it asks for: the part that it asks about, and nothing else
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The verifier's link
    link: String,
    /// The consent whose receipt is to be shown, or the first characters of its id; needed when several would do
    #[arg(long, value_name = "ID")]
    consent: Option<String>,
    /// Show it without being asked
    #[arg(long, conflicts_with = "no")]
    yes: bool,
    /// Tell the verifier that nothing is shown
    #[arg(long)]
    no: bool,
    #[command(flatten)]
    transport: TransportArgs,
}

/// What the link says (section 5.4).
#[derive(Deserialize)]
struct Link {
    client_id: String,
    request_uri: String,
}

/// The request object, as far as this wallet takes it.
#[derive(Deserialize)]
struct Request {
    aud: String,
    exp: Option<u64>,
    client_id: String,
    response_type: String,
    response_mode: String,
    response_uri: String,
    nonce: String,
    state: Option<String>,
    dcql_query: Query,
    transaction_data: Option<Value>,
    #[serde(default)]
    client_metadata: Metadata,
}

/// To whom, and how, an answer is encrypted (section 8.3).
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    jwks: Keys,
    #[serde(default = "default_encryptions")]
    encrypted_response_enc_values_supported: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

fn default_encryptions() -> Vec<String> {
    vec![ENCRYPTIONS[0].to_owned()]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    verifier: Did,
    consent: Digest,
    presented: bool,
    /// Where the verifier says that a browser may go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    onward: Option<String>,
}

pub(super) async fn run(args: &Args, mut wallet: Wallet, out: &Output) -> Result<()> {
    let link = read_link(&args.link)?;
    let brand = link.client_id.strip_prefix(BY_DID);
    let brand: Did = brand
        .and_then(|did| did.parse().ok())
        .with_context(|| format!("the verifier is not named by its DID: client_id has to begin with {BY_DID}"))?;
    // Read whether or not there is a receipt to show: whoever sent the link learns that it was opened, and nothing else.
    let token = fetch(args, &link).await?;
    let (kept, known) = choose(&wallet, &brand, args.consent.as_deref())?;
    let request = check(args, &mut wallet, (&token, &link), &brand, &known, out).await?;
    let wanted = Wanted::of(&request.dcql_query)?;
    let receipt = receipt::read_presented(&kept.credential)?;
    let shown = shown(&wanted, &receipt);
    if shown.is_empty() {
        bail!(
            "{} asks about something that you did not consent to; nothing was sent",
            known.legal_name
        );
    }
    let names_her = receipt.sub.is_some() && wanted.asks(Some("sub"), &Value::Null);
    out.line(tell(&known, &brand, &receipt, &shown, names_her))?;
    let yes = match (args.yes, args.no) {
        (true, _) => true,
        (_, true) => false,
        _ if ask::at_terminal() => ask::confirm("Show it?")?,
        _ => bail!("there is no terminal to ask at: say --yes or --no"),
    };
    let form = match yes {
        true => {
            let key = known.key(&wallet.book.seed()?);
            let choose = |name: Option<&str>, value: &Value| wanted.asks(name, value);
            let asked = (request.client_id.as_str(), request.nonce.as_str());
            let text = sd_jwt::present(&kept.credential, choose, asked, system::now()?, &key)?;
            answer(&request, &json!({ wanted.id: [text] }))?
        }
        false => {
            let state = request.state.iter().map(|state| ("state", state.clone()));
            state.chain([("error", "access_denied".to_owned())]).collect()
        }
    };
    let onward = post(args, &request.response_uri, &form).await?;
    let report = Report {
        verifier: brand,
        consent: known.state.consent,
        presented: yes,
        onward,
    };
    out.result(&report, |report| match (report.presented, &report.onward) {
        (true, None) => format!("Shown to {}.", known.legal_name),
        (true, Some(onward)) => format!("Shown to {}. Go on in your browser: {onward}", known.legal_name),
        (false, _) => format!("{} was told that you show nothing.", known.legal_name),
    })
}

fn read_link(link: &str) -> Result<Link> {
    if link.len() > MAX_LINK_BYTES {
        bail!("the link is longer than {MAX_LINK_BYTES} bytes");
    }
    let query = link.split_once('?').map_or("", |(_, query)| query);
    serde_urlencoded::from_str(query).context("this is no link of a verifier: openid4vp://?client_id=…&request_uri=…")
}

/// The receipt that this brand may be shown.
fn choose(wallet: &Wallet, brand: &Did, consent: Option<&str>) -> Result<(KeptReceipt, KnownConsent)> {
    let wanted = consent.map(|consent| wallet.book.find(consent)).transpose()?;
    let wanted = wanted.map(|known| known.state.consent);
    let of_brand = |kept: &&KeptReceipt| {
        let receipt = receipt::read_presented(&kept.credential);
        is_sd_jwt(&kept.credential)
            && wanted.is_none_or(|wanted| wanted == kept.consent)
            && receipt.is_ok_and(|receipt| receipt.controllers.all().iter().any(|named| named.id == *brand))
    };
    let may: Vec<&KeptReceipt> = wallet.book.receipts.iter().filter(of_brand).collect();
    match may.as_slice() {
        [only] => Ok(((*only).clone(), wallet.book.find(&only.consent.to_string())?.clone())),
        [] => bail!(
            "the wallet has no receipt that {brand} may be shown: get one with `placet receipt claim --format dc+sd-jwt`"
        ),
        _ => bail!("several receipts name {brand}: say which with --consent ID"),
    }
}

/// The request object, as its verifier gives it.
async fn fetch(args: &Args, link: &Link) -> Result<String> {
    let (server, path) = args.transport.place(&link.request_uri)?;
    let call = Call {
        method: Method::GET,
        path: &path,
        token: None,
        body: None,
    };
    let answer = exchange(&server, call).await;
    let answer = answer.map_err(|silence| anyhow::anyhow!("no answer from the verifier: {}", silence.why))?;
    if answer.status != 200 || answer.body.len() > MAX_REQUEST_BYTES {
        bail!(
            "the verifier has no such request (status {}): ask for a new link",
            answer.status
        );
    }
    let token = str::from_utf8(&answer.body).context("the request is no text")?;
    Ok(token.trim().to_owned())
}

/// The request, which the brand has signed: by the keys that the log has of it.
async fn check(
    args: &Args,
    wallet: &mut Wallet,
    (token, link): (&str, &Link),
    brand: &Did,
    known: &KnownConsent,
    out: &Output,
) -> Result<Request> {
    let node = args.transport.client(&wallet.book.log(&known.origin)?.node)?;
    meet_again(&node, wallet, known, out).await?;
    watch::look(&node, wallet, &known.origin).await?;
    let keys = grant::brand_keys(&node, wallet, &known.origin, brand).await?;
    let key = |method: &DidUrl| PublicKey::from_multibase(keys.document.key(method)?).ok();
    let (_, payload) = jws::verify_within(token, REQUEST_TYP, MAX_REQUEST_BYTES, key)
        .with_context(|| format!("the request is not signed by {brand}"))?;
    // The strict reader first: no member twice, bounded depth. A path of DCQL has null in it, which that reader does not give.
    strict::parse(&payload, MAX_REQUEST_BYTES).context("the request")?;
    let request: Request = serde_json::from_slice(&payload).context("the request")?;
    is_for_us(&request, &link.client_id)?;
    Ok(request)
}

fn is_for_us(request: &Request, client_id: &str) -> Result<()> {
    // Section 5.10.1: a link that names one verifier and leads to the request of another.
    if request.client_id != client_id {
        bail!("the link names another verifier than the request");
    }
    if request.aud != FOR_WALLETS {
        bail!("the request is for another wallet");
    }
    let modes = [PLAIN, ENCRYPTED];
    let modes = if jwe::IS_BUILT_IN { &modes[..] } else { &modes[..1] };
    if request.response_type != "vp_token" || !modes.contains(&request.response_mode.as_str()) {
        bail!(
            "the request wants {} by {}; this wallet answers by {}",
            request.response_type,
            request.response_mode,
            modes.join(" or ")
        );
    }
    // Section 5.1: what a wallet does not understand it must not agree to.
    if request.transaction_data.is_some() {
        bail!("the request wants a transaction agreed to, which this wallet does not do");
    }
    let exp = request.exp.and_then(Timestamp::from_unix);
    if exp.is_some_and(|exp| exp < system::now().unwrap_or(exp)) {
        bail!("the request has expired: ask for a new link");
    }
    Ok(())
}

/// What would be seen of what she agreed to: each clause whole, since its words do not say all that is in it.
fn shown(wanted: &Wanted<'_>, receipt: &SdReceipt) -> Vec<Vec<String>> {
    let clauses = receipt.scope.iter().filter(|clause| {
        let value = serde_json::to_value(clause).unwrap_or_default();
        wanted.asks(None, &value)
    });
    let language = receipt.language.as_str();
    clauses.map(|clause| words::clause(clause, language)).collect()
}

fn tell(known: &KnownConsent, brand: &Did, receipt: &SdReceipt, shown: &[Vec<String>], names_her: bool) -> String {
    let mut lines = vec![format!(
        "{} ({brand}) asks to see that you agreed to:",
        known.legal_name
    )];
    for clause in shown {
        lines.extend(clause.iter().enumerate().map(|(at, line)| match at {
            0 => format!("  {line}"),
            _ => format!("    {line}"),
        }));
    }
    lines.push(format!(
        "Shown with it: the number of your consent ({}), the brands that it names, when the receipt was made and ends, and that \
         the log has it.",
        receipt.consent
    ));
    if names_her {
        lines.push("It also asks for the name (DID) by which this brand knows you, which is shown too.".to_owned());
    }
    lines.join("\n")
}

/// The form that shows it, encrypted where the request asks for that.
fn answer(request: &Request, vp_token: &Value) -> Result<Vec<(&'static str, String)>> {
    let state = request.state.as_ref();
    if request.response_mode == PLAIN {
        let state = state.map(|state| ("state", state.clone()));
        return Ok(state.into_iter().chain([("vp_token", vp_token.to_string())]).collect());
    }
    let metadata = &request.client_metadata;
    let key = metadata.jwks.keys.iter().find(|key| jwe::check_key(key).is_ok());
    let key = key.context("the request names no key to encrypt to: P-256, for ECDH-ES")?;
    let offered = &metadata.encrypted_response_enc_values_supported;
    let encryption = ENCRYPTIONS.iter().find(|known| offered.iter().any(|one| one == *known));
    let encryption = encryption.context("the request wants an encryption that this wallet does not do")?;
    let mut content = json!({ "vp_token": vp_token });
    if let Some(state) = state {
        content["state"] = state.as_str().into();
    }
    Ok(vec![(
        "response",
        jwe::encrypt(content.to_string().as_bytes(), key, encryption)?,
    )])
}

/// Gives where the verifier says that a browser may go on (section 8.2).
async fn post(args: &Args, url: &str, form: &[(&str, String)]) -> Result<Option<String>> {
    let (server, path) = args.transport.place(url)?;
    let body = serde_urlencoded::to_string(form).context("the answer cannot be written")?;
    let call = Call {
        method: Method::POST,
        path: &path,
        token: None,
        body: Some(body.into_bytes()),
    };
    let answer = exchange_as(&server, call, FORM).await;
    let answer = answer.map_err(|silence| anyhow::anyhow!("no answer from the verifier: {}", silence.why))?;
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        // Only what is a plain address is put before anyone.
        let onward = said["redirect_uri"].as_str();
        let onward = onward.filter(|url| matches!(WebUrl::parse(url), Ok((_, false))));
        return Ok(onward.map(str::to_owned));
    }
    let why = said["detail"].as_str().or(said["error_description"].as_str());
    bail!(
        "the verifier refused it ({}): {}",
        answer.status,
        why.unwrap_or("it says no more")
    )
}
