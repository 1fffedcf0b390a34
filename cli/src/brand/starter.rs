//! `placet brand template`: a request and its notices to begin with. What machines read is filled in, and agrees; what people read
//! is marked, with what the law asks there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use placet_schemas::id::{Country, Did, Digest, Iri, Language};
use placet_schemas::notice::{
    AutomatedItem, ControllersItem, Expected, Item, Notice, ProofRetentionItem, PurposesItem, RecipientsItem,
    RetentionItem, TransfersItem,
};
use placet_schemas::record::request::{Audience, Benefit, Controller, ControllerRole, Controllers, LawfulBasis};
use placet_schemas::rules;
use placet_schemas::scope::{Channel, Delivery};
use placet_schemas::text::{Text, Texts};
use placet_schemas::time::Period;
use placet_schemas::version::Version;
use placet_schemas::vocab::{CategoryTerm, ProcessingTerm, PurposeTerm};
use serde::Serialize;

use super::items::{NOTICE_ITEMS, write};
use super::papers::FILL_IN;
use super::template::{ClauseText, PurposeText, Template};
use crate::files;
use crate::output::Output;

/// Name of the template in the folder.
const TEMPLATE_FILE: &str = "request.json";

/// Write a request and its notices to begin with: machine values filled in, words marked to be written
///
/// Every text that people read says FILL IN and what the law asks there. `placet brand check` says what is left to do; `placet
/// brand request` refuses what is not filled in. Periods are suggestions: keep data no longer than its purpose needs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; no file that is there is overwritten
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The brand
    #[arg(long)]
    did: Did,
    /// A purpose: the brand's own name for it and the DPV term that it is a kind of, such as
    /// https://brand.example/purposes/newsletter=dpv:DirectMarketing; once for each
    #[arg(long = "purpose", value_name = "IRI=TERM", required = true)]
    purposes: Vec<NamedPurpose>,
    /// A category of data, such as pd:EmailAddress; once for each. One that needs a choice of its own gets one
    #[arg(long = "category", value_name = "TERM", required = true, value_parser = term::<CategoryTerm>)]
    categories: Vec<CategoryTerm>,
    /// What is done with the data
    #[arg(long = "processing", value_name = "TERM", default_value = "dpv:Use", value_parser = term::<ProcessingTerm>)]
    processing: Vec<ProcessingTerm>,
    /// A country whose law applies, such as IE; once for each
    #[arg(long = "jurisdiction", value_name = "COUNTRY", required = true)]
    jurisdictions: Vec<Country>,
    /// A language in which people are asked; once for each
    #[arg(long = "language", default_value = "en")]
    languages: Vec<Language>,
    /// How long the data is kept at most
    #[arg(long, value_name = "DURATION", default_value = "P1Y")]
    retention: Period,
    /// How long a yes lasts at most
    #[arg(long, value_name = "DURATION", default_value = "P2Y")]
    validity: Period,
    /// How long the proof is kept after the consent's end
    #[arg(long, value_name = "DURATION", default_value = "P3Y")]
    proof_retention: Period,
}

#[derive(Debug, Clone)]
struct NamedPurpose {
    id: Iri,
    is_a: PurposeTerm,
}

impl FromStr for NamedPurpose {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        // An IRI may have the sign in it, a term may not.
        let (id, is_a) = text
            .rsplit_once('=')
            .ok_or("a purpose is IRI=TERM, such as https://brand.example/purposes/newsletter=dpv:DirectMarketing")?;
        Ok(Self {
            id: id.parse().map_err(|error| format!("{id}: {error}"))?,
            is_a: term(is_a)?,
        })
    }
}

#[derive(Serialize)]
struct Report {
    template: PathBuf,
    notices: BTreeMap<Language, PathBuf>,
    check: String,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let mut languages = args.languages.clone();
    languages.sort();
    languages.dedup();
    let template = template(args, &languages)?;
    let template_bytes = pretty(&template)?;
    let request = template.into_request(languages.iter().map(|tag| (tag.clone(), Digest::of(b""))).collect())?;
    if let Err(rule) = rules::check_request(&request) {
        bail!("{}: {rule}", rule.code());
    }
    let expected = Expected::of(&request);

    let template = args.out.join(TEMPLATE_FILE);
    let file = |tag: &Language| args.out.join(format!("notice.{tag}.json"));
    let notices: BTreeMap<Language, PathBuf> = languages.iter().map(|tag| (tag.clone(), file(tag))).collect();
    // All or none: a folder with half of them would be mended by hand.
    for path in notices.values().chain([&template]) {
        if path.exists() {
            bail!("{} is there already; it is never overwritten", path.display());
        }
    }
    if !args.out.exists() {
        files::make_folder(&args.out)?;
    }
    files::write_new(&template, &template_bytes, files::PUBLIC)?;
    for (language, path) in &notices {
        let notice = notice(language, &expected, request.proof_retention)?;
        files::write_new(path, &pretty(&notice)?, files::PUBLIC)?;
    }
    let check = check_line(&template, &notices);
    out.result(
        &Report {
            template,
            notices,
            check,
        },
        told,
    )
}

/// A notice with nothing but marks where people read.
pub(super) fn notice(language: &Language, expected: &Expected, proof_retention: Period) -> Result<Notice> {
    let text = |member: &str| -> Result<Text> {
        let item = NOTICE_ITEMS.iter().find(|item| item.member == member);
        mark(language, item.map_or("", |item| item.write))
    };
    let item = |member: &str| text(member).map(|text| Item { text });
    Ok(Notice {
        version: Version,
        language: language.clone(),
        title: text("title")?,
        controllers: ControllersItem {
            text: text("controllers")?,
            controllers: expected.controllers.clone(),
        },
        data_protection_officer: item("dataProtectionOfficer")?,
        purposes: PurposesItem {
            text: text("purposes")?,
            purposes: expected.purposes.clone(),
            lawful_basis: LawfulBasis::Consent,
        },
        recipients: RecipientsItem {
            text: text("recipients")?,
            third_parties: expected.third_parties.clone(),
        },
        transfers: TransfersItem {
            text: text("transfers")?,
            countries: expected.countries.clone(),
        },
        retention: RetentionItem {
            text: text("retention")?,
            periods: expected.periods.clone(),
        },
        rights: item("rights")?,
        withdrawal: item("withdrawal")?,
        complaint: item("complaint")?,
        requirement: item("requirement")?,
        automated_decisions: AutomatedItem {
            text: text("automatedDecisions")?,
            exist: expected.automated,
        },
        proof_retention: ProofRetentionItem {
            text: text("proofRetention")?,
            period: proof_retention,
        },
    })
}

fn template(args: &Args, languages: &[Language]) -> Result<Template> {
    let words = |what: &str| -> Result<Texts> {
        let texts = languages.iter().map(|tag| Ok((tag.clone(), mark(tag, what)?)));
        Ok(Texts::try_from(texts.collect::<Result<BTreeMap<_, _>>>()?)?)
    };
    let plain = |what: &str| -> Result<Text> { Ok(format!("{FILL_IN} {what}").parse()?) };
    let mut clauses = Vec::new();
    for purpose in &args.purposes {
        for categories in choices(&args.categories) {
            clauses.push(ClauseText {
                purpose: PurposeText {
                    id: purpose.id.clone(),
                    is_a: purpose.is_a,
                    text: words(write::PURPOSE)?,
                    channels: Vec::<Channel>::new(),
                },
                categories,
                processing: args.processing.clone(),
                delivery: vec![Delivery::Copy],
                third_party: None,
                transfer: None,
                retention: args.retention,
            });
        }
    }
    let controller = Controller {
        id: args.did.clone(),
        legal_name: plain(write::LEGAL_NAME)?,
        contact: plain(write::CONTACT)?,
        dpo: Some(plain(write::DPO)?),
        role: ControllerRole::Sole,
    };
    Ok(Template {
        controllers: Controllers::try_from(vec![controller])?,
        clauses,
        audience: Audience {
            may_include_children: false,
            description: words(write::AUDIENCE)?,
        },
        jurisdictions: args.jurisdictions.clone(),
        lawful_basis: None,
        validity: args.validity,
        proof_retention: args.proof_retention,
        open: false,
        benefit: Benefit {
            with_consent: words(write::WITH)?,
            without_consent: words(write::WITHOUT)?,
        },
        other_bases: Vec::new(),
        supersedes: None,
    })
}

/// The ordinary categories in one choice, and each that must stand alone in one of its own.
fn choices(categories: &[CategoryTerm]) -> Vec<Vec<CategoryTerm>> {
    let (alone, together): (Vec<_>, Vec<_>) = categories
        .iter()
        .copied()
        .partition(|category| category.sensitivity().is_some());
    let together = (!together.is_empty()).then_some(together);
    together
        .into_iter()
        .chain(alone.into_iter().map(|one| vec![one]))
        .collect()
}

fn mark(language: &Language, what: &str) -> Result<Text> {
    Ok(format!("{FILL_IN} (in {language}) {what}").parse()?)
}

fn term<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|error: T::Err| format!("{text}: {}", error.to_string()))
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(value).context("it has no JSON form")?;
    Ok(format!("{text}\n").into_bytes())
}

fn check_line(template: &Path, notices: &BTreeMap<Language, PathBuf>) -> String {
    let mut line = format!("placet brand check --template {}", template.display());
    for (language, path) in notices {
        line.push_str(&format!(" --notice {language}={}", path.display()));
    }
    line
}

fn told(report: &Report) -> String {
    let notices: Vec<String> = report.notices.values().map(|path| path.display().to_string()).collect();
    format!(
        "wrote {} and {}\nwrite every text that says FILL IN; look at the periods; then\n  {}",
        report.template.display(),
        notices.join(", "),
        report.check
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_stand_alone_does() {
        let terms = ["pd:EmailAddress", "pd:Religion", "pd:Interest"].map(|text| text.parse::<CategoryTerm>().unwrap());
        let [email, religion, interest] = terms;
        assert_eq!(choices(&terms), [vec![email, interest], vec![religion]]);
        assert_eq!(choices(&[religion]), [vec![religion]]);
    }
}
