//! `placet brand request`: the brand signs what it asks, and records it with its notices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_schemas::id::{Digest, Language};
use placet_schemas::json;
use placet_schemas::notice::{CanonicalNotice, MAX_NOTICE_BYTES};
use placet_wallet::brand;
use serde::Serialize;

use super::papers::{self, NoticeFile};
use super::session::{Session, SessionArgs, built};
use super::template::{MAX_TEMPLATE_BYTES, Template};
use crate::files;
use crate::output::Output;
use crate::token::BrandToken;

/// Record what the brand asks, as people will be asked
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is asked: the claims of a ConsentRequest without version, vocabulary and notices (JSON)
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The notice in one language, such as en=notice.en.json; once for each language
    #[arg(long = "notice", value_name = "LANGUAGE=FILE", required = true)]
    notices: Vec<NoticeFile>,
    #[command(flatten)]
    session: SessionArgs,
    #[command(flatten)]
    token: BrandToken,
}

#[derive(Serialize)]
struct Report {
    digest: Digest,
    index: u64,
    notices: BTreeMap<Language, Digest>,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let (notices, digests) = read_notices(&args.notices)?;
    let template = files::read(&args.template, MAX_TEMPLATE_BYTES)?;
    refuse_unfilled(&args.template, &template)?;
    let refused = || format!("{} is no template of a request", args.template.display());
    let request = Template::parse(&template).and_then(|template| template.into_request(digests.clone()));
    let request = request.with_context(refused)?;

    let session = Session::open_with(&args.session, &args.token).await?;
    // Signed before anything is sent: what a rule forbids leaves no notices behind.
    let record = built(brand::request(request, &notices, session.key.brand(), &session.pen()?))?;
    for notice in &notices {
        let stored = session.client.add_notice(&notice.bytes).await?;
        if stored != notice.digest() {
            bail!(
                "the ledger stored the notice in {} as {stored}, which is another text",
                notice.notice.language
            );
        }
    }
    let answer = session.client.add_request(&record.bytes).await?;
    let checked = session.judge(&record, &answer)?;
    let report = Report {
        digest: checked.digest,
        index: checked.statement.index,
        notices: digests,
    };
    out.result(&report, |report| {
        let mut text = format!("recorded the request {} at log index {}\n", report.digest, report.index);
        for (language, digest) in &report.notices {
            text.push_str(&format!("notice {language} {digest}\n"));
        }
        text
    })
}

fn read_notices(named: &[NoticeFile]) -> Result<(Vec<CanonicalNotice>, BTreeMap<Language, Digest>)> {
    let (mut notices, mut digests) = (Vec::new(), BTreeMap::new());
    for NoticeFile { language, path } in named {
        let bytes = files::read(path, MAX_NOTICE_BYTES)?;
        refuse_unfilled(path, &bytes)?;
        let notice = CanonicalNotice::parse(&bytes);
        let notice = notice.with_context(|| format!("{} is no notice", path.display()))?;
        if notice.notice.language != *language {
            bail!("{} is in {}, not in {language}", path.display(), notice.notice.language);
        }
        if digests.insert(language.clone(), notice.digest()).is_some() {
            bail!("there are two notices in {language}");
        }
        notices.push(notice);
    }
    Ok((notices, digests))
}

/// What nobody has written yet must not be shown to anybody. A file that is no JSON is refused by its own reader.
fn refuse_unfilled(path: &Path, bytes: &[u8]) -> Result<()> {
    let Ok(document) = json::parse(bytes, MAX_NOTICE_BYTES) else {
        return Ok(());
    };
    let unfilled = papers::unfilled(document.root());
    if let Some(first) = unfilled.first() {
        bail!(
            "{}: {} are still to be filled in, the first at {first}; `placet brand check` with the same --template and --notice \
             lists them all",
            path.display(),
            if unfilled.len() == 1 {
                "1 text".to_owned()
            } else {
                format!("{} texts", unfilled.len())
            },
        );
    }
    Ok(())
}
