//! `placet wallet grant`: the page, the choices, the signature, the log's answer.

use std::env;

use anyhow::{Context as _, Result, anyhow, bail};
use placet_kernel::code::WithdrawalCode;
use placet_schemas::id::{Did, Digest, Language, Origin};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::consent::Strength;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_schemas::time::Timestamp;
use placet_wallet::Pen;
use placet_wallet::offer::{self, Offer};
use placet_wallet::records::{self, Built, GrantChoice, Showing};
use serde::Serialize;
use zeroize::Zeroizing;

use super::ask::{AnswerArgs, Chosen};
use super::book::{Book, Curve, KnownConsent};
use super::meet::{NodeArgs, meet};
use super::store::Wallet;
use super::target::{Asked, Target};
use super::{FileArgs, ask, decline, page, report, send, watch};
use crate::client::Client;
use crate::output::Output;
use crate::system;

/// What records say showed the page: name and version of this program.
const PAGE: &str = concat!("placet-wallet-cli ", env!("CARGO_PKG_VERSION"));
/// The language that is tried when nobody names one.
const FALLBACK_LANGUAGE: &str = "en";

/// What is asked when no choice was answered by yes.
const SAY_NO: &str =
    "You said yes to nothing. Tell the brand that your answer is no, so that it does not ask again for a while?";

/// Read a request and say yes to some of it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The link from the brand, the invitation in it, or the digest of a request that is open to anyone
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    link: String,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Language of the notice, such as en
    #[arg(long)]
    language: Option<Language>,
    /// When the consent is to expire, such as 2027-01-31T00:00:00Z; without it, the longest that the request allows
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Curve of the key for this brand
    #[arg(long, value_enum, default_value = "ed25519")]
    curve: Curve,
    /// Start afresh with this brand, under a DID that it has not seen
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Serialize)]
struct Unanswered {
    consent: Option<Digest>,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let target = Target::parse(&args.link)?;
    let mut wallet = file.open()?;
    let pending = wallet.book.pending_grant(&target.asked)?;
    let last = pending
        .as_ref()
        .and_then(|pending| wallet.book.log(&pending.consent.origin).ok());
    let client = args
        .node
        .client(target.node.as_deref().or(last.map(|log| log.node.as_str())))?;
    let origin = meet(&client, &mut wallet, |key| target.check_operator(key), out).await?;
    if let Some(pending) = pending {
        let sent = send::again(&mut wallet, &client, pending).await?;
        return report::given(out, sent);
    }
    watch::look(&client, &mut wallet, &origin).await?;
    // Nobody waits for the answer to an invitation that she has taken herself.
    let invited = matches!(target.asked, Asked::Invitation(_));
    let invitation = match target.asked {
        Asked::Invitation(invitation) => invitation,
        Asked::Request(request) => invite_myself(&client, &request).await?,
    };
    let resolved = client.resolve(&invitation).await?;
    let bytes = serde_json::to_vec(&resolved.record)?;
    let offer = fetch_offer(&client, &wallet, &origin, resolved.request, &bytes).await?;
    let (language, notice) = fetch_notice(&client, &offer, args.language.as_ref()).await?;
    out.line(page::offer(&offer, &notice.notice, &language))?;
    let chosen = args.answers.choose(&offer.request().clauses)?;
    if chosen.selected.is_empty() {
        // Each choice was answered; whether that is a no to the whole, or the page was merely left, she says herself.
        if invited && ask::at_terminal() && ask::confirm(SAY_NO)? {
            return decline::tell(&client, &invitation, out).await;
        }
        return out.result(&Unanswered { consent: None }, |_| {
            "You said yes to nothing, so nothing was signed and nobody was told.".to_owned()
        });
    }
    let generation = wallet
        .book
        .generation(&origin, &offer.request().controllers.registered().id, args.fresh);
    let answer = Answer {
        chosen,
        language,
        until: args.until,
        curve: args.curve,
        generation,
    };
    let (built, consent) = sign(&wallet, &origin, &offer, &invitation, &answer)?;
    let sent = send::first(&mut wallet, &client, built, consent).await?;
    report::given(out, sent)
}

/// What the person decided.
struct Answer {
    chosen: Chosen,
    language: Language,
    until: Option<Timestamp>,
    curve: Curve,
    generation: u32,
}

async fn invite_myself(client: &Client, request: &Digest) -> Result<Invitation> {
    let given = client.invite_myself(request).await?;
    let first = given.invitations.into_iter().next();
    Ok(first.context("the node gave no invitation")?.invitation)
}

/// Judges a request by the brand's keys, which are fetched from the log and proven to be in it.
pub(super) async fn fetch_offer(
    client: &Client,
    wallet: &Wallet,
    origin: &Origin,
    wanted: Digest,
    bytes: &[u8],
) -> Result<Offer> {
    let parsed = CanonicalRecord::parse(bytes).map_err(|fault| anyhow!("the request is malformed: {fault}"))?;
    let keys = registered(client, wallet, origin, &parsed.record.issuer).await?;
    let trust = wallet.book.log(origin)?.trust()?;
    offer::open(wanted, bytes, &keys.bytes, &trust).map_err(|error| anyhow!("{}: {error}", error.code()))
}

/// The brand's keys, which are fetched from the log and proven to be in it.
pub(super) async fn brand_keys(
    client: &Client,
    wallet: &Wallet,
    origin: &Origin,
    brand: &Did,
) -> Result<ControllerKeys> {
    let record = registered(client, wallet, origin, brand).await?;
    let trust = wallet.book.log(origin)?.trust()?;
    let keys = offer::keys_of(&record.bytes, &trust).map_err(|error| anyhow!("{}: {error}", error.code()))?;
    if keys.document.id() != brand {
        bail!("the node gave the keys of {} for those of {brand}", keys.document.id());
    }
    Ok(keys)
}

async fn registered(client: &Client, wallet: &Wallet, origin: &Origin, asker: &Did) -> Result<CanonicalRecord> {
    let brands = client.controllers().await?;
    let brand = brands.into_iter().find(|brand| brand.did == *asker);
    let brand = brand.with_context(|| format!("controller_unknown: {asker} asks, and has not registered its keys"))?;
    let opening = client.public_opening(brand.keys_index).await?;
    watch::check_opening(client, wallet, origin, &opening).await
}

/// The notice in the language asked for, else in that of the environment, in English, or in the first there is.
pub(super) async fn fetch_notice(
    client: &Client,
    offer: &Offer,
    wanted: Option<&Language>,
) -> Result<(Language, CanonicalNotice)> {
    let notices = &offer.request().notices;
    let local = env::var("LANG")
        .ok()
        .and_then(|lang| lang.split(['_', '.']).next().map(str::to_owned));
    let offered = |tag: &str| {
        notices
            .iter()
            .map(|(language, _)| language)
            .find(|language| language.as_str() == tag)
    };
    let language = match wanted {
        Some(language) => Some(language),
        None => [local.as_deref(), Some(FALLBACK_LANGUAGE)]
            .into_iter()
            .flatten()
            .find_map(offered),
    };
    let language = language.or_else(|| notices.iter().next().map(|(language, _)| language));
    let language = language.context("the request has no notice")?.clone();
    let digest = notices.get(&language).with_context(|| {
        let all: Vec<&str> = notices.iter().map(|(language, _)| language.as_str()).collect();
        format!("the request has no notice in {language}, but in {}", all.join(", "))
    })?;
    let bytes = client.notice(&digest).await?;
    let notice = offer
        .notice(&language, &bytes)
        .map_err(|error| anyhow!("{}: {error}", error.code()))?;
    Ok((language, notice))
}

/// The program's name in `shown.page`.
pub(super) fn page_name() -> Result<placet_schemas::text::Text> {
    PAGE.parse().context("the program's name is no text")
}

fn sign(
    wallet: &Wallet,
    origin: &Origin,
    offer: &Offer,
    invitation: &Invitation,
    answer: &Answer,
) -> Result<(Built, KnownConsent)> {
    let asker = offer.request().controllers.registered();
    let key = wallet
        .book
        .seed()?
        .pairwise(origin, &asker.id, answer.curve.algorithm(), answer.generation);
    let code = WithdrawalCode::from_random(*Zeroizing::new(system::random()?));
    let choice = GrantChoice {
        showing: Showing {
            request: offer.record(),
            language: &answer.language,
            explicit: &answer.chosen.explicit,
            valid_until: answer.until,
            strength: Strength::SubjectKey,
            anchor: wallet.book.log(origin)?.sight()?.anchor(),
            page: &page_name()?,
        },
        invitation,
        selected: &answer.chosen.selected,
    };
    let pen = Pen {
        origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::grant(&choice, &code, &pen).map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let consent = KnownConsent {
        origin: origin.clone(),
        curve: answer.curve,
        generation: answer.generation,
        legal_name: asker.legal_name.clone(),
        state: built.state.clone(),
        code: Some(Zeroizing::new(code.to_string())),
        kept: Vec::new(),
    };
    Ok((built, consent))
}

impl Book {
    /// Which of the keys for a brand a new consent uses: the newest that is in use, or with `fresh` the one after it.
    fn generation(&self, origin: &Origin, controller: &Did, fresh: bool) -> u32 {
        let pending = self.pending.iter().map(|pending| &pending.consent);
        let used = self.consents.iter().chain(pending);
        let used = used.filter(|known| known.origin == *origin && known.state.controller == *controller);
        match used.map(|known| known.generation).max() {
            Some(newest) if fresh => newest + 1,
            Some(newest) => newest,
            None => 0,
        }
    }
}
