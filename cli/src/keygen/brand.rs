//! `placet keygen brand`: a brand's key, and the DID document that makes it known.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use placet_kernel::sign::Algorithm;
use placet_schemas::id::Did;
use placet_schemas::record::keys::DidDocument;
use serde::Serialize;

use crate::files;
use crate::keyfile::BrandKey;
use crate::output::Output;

/// JSON-LD contexts of a DID document with Multikeys (DID Core section 8, Controlled Identifiers section 2.2.2).
const CONTEXTS: [&str; 2] = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"];

/// Make a brand's key, and the DID document beside it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The brand's DID, such as did:web:cinema.example; without it the brand is a did:key
    #[arg(long)]
    did: Option<Did>,
    /// Where the key goes; the document goes beside it, as NAME.did.json
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Curve of the key
    #[arg(long, value_enum, default_value = "ed25519")]
    curve: Curve,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Curve {
    Ed25519,
    P256,
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "@context")]
    context: [&'static str; 2],
    #[serde(flatten)]
    document: DidDocument,
}

#[derive(Serialize)]
struct Report {
    did: String,
    method: String,
    key: PathBuf,
    document: PathBuf,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<()> {
    let algorithm = match args.curve {
        Curve::Ed25519 => Algorithm::Ed25519,
        Curve::P256 => Algorithm::P256,
    };
    let path = files::beside(&args.out, "did.json");
    let key = BrandKey::create(args.did, algorithm, &args.out)?;
    let document = Document {
        context: CONTEXTS,
        document: key.document()?,
    };
    let text = serde_json::to_string_pretty(&document).context("the DID document has no JSON form")?;
    files::write(&path, format!("{text}\n").as_bytes(), files::PUBLIC)?;
    let report = Report {
        did: key.did.to_string(),
        method: key.method.to_string(),
        key: args.out,
        document: path,
    };
    out.result(&report, |report| {
        let mut text = format!(
            "brand     {}\nkey       {} (private: back it up)\n",
            report.did,
            report.key.display()
        );
        text.push_str(&format!("document  {}\n", report.document.display()));
        if let Some(url) = key.did.as_str().strip_prefix("did:web:").map(web_address) {
            text.push_str(&format!(
                "serve the document at {url}, or hand it in with `placet brand add --document`\n"
            ));
        }
        text
    })
}

/// Where did:web says that the document is (did:web Method Specification, section 3.2).
fn web_address(id: &str) -> String {
    let mut parts = id.split(':');
    let host = parts.next().unwrap_or_default().replace("%3A", ":");
    let path: Vec<&str> = parts.collect();
    if path.is_empty() {
        format!("https://{host}/.well-known/did.json")
    } else {
        format!("https://{host}/{}/did.json", path.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn did_web_says_where_the_document_is() {
        assert_eq!(
            web_address("cinema.example"),
            "https://cinema.example/.well-known/did.json"
        );
        assert_eq!(
            web_address("a.example%3A8443:brands:b"),
            "https://a.example:8443/brands/b/did.json"
        );
    }
}
