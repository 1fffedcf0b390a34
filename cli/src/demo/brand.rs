//! The two brands: what they ask, in whose words, and the commands by which they ask it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::process::{Ran, Shell};
use crate::files;

/// A brand and its papers.
pub(super) struct Brand {
    /// Its folder in the demo's folder.
    pub(super) folder: &'static str,
    /// Its DID.
    pub(super) did: &'static str,
    /// Its name in law.
    pub(super) legal_name: &'static str,
    request: &'static str,
    notices: [(&'static str, &'static str); 2],
}

/// A cinema in Vienna. Its request is for those whom it invites.
pub(super) const LUMEN: Brand = Brand {
    folder: "lumen",
    did: "did:web:kino-lumen.example",
    legal_name: "Kino Lumen GmbH",
    request: include_str!("story/lumen.request.json"),
    notices: [
        ("en", include_str!("story/lumen.notice.en.json")),
        ("de", include_str!("story/lumen.notice.de.json")),
    ],
};

/// A fitness cooperative in Graz, which asks for data about health too. Its request is open to anyone.
pub(super) const HERZSCHLAG: Brand = Brand {
    folder: "herzschlag",
    did: "did:web:herzschlag.example",
    legal_name: "Herzschlag Fitness eGen",
    request: include_str!("story/herzschlag.request.json"),
    notices: [
        ("en", include_str!("story/herzschlag.notice.en.json")),
        ("de", include_str!("story/herzschlag.notice.de.json")),
    ],
};

/// What a node gave a brand.
pub(super) struct Joined {
    /// Digest of its request.
    pub(super) request: String,
    /// Log index of its keys.
    pub(super) keys_index: u64,
    /// Log index of its request.
    pub(super) request_index: u64,
    /// Time that registering took.
    pub(super) registering: Duration,
    /// Time that publishing took.
    pub(super) publishing: Duration,
    /// The commands, as a person would type them.
    pub(super) lines: [String; 2],
}

impl Brand {
    /// Writes its papers, and makes its key.
    pub(super) fn prepare(&self, shell: &Shell, dir: &Path) -> Result<Ran> {
        let folder = dir.join(self.folder);
        files::make_folder(&folder)?;
        write(&folder.join("request.json"), self.request)?;
        for (language, notice) in self.notices {
            write(&folder.join(format!("notice.{language}.json")), notice)?;
        }
        shell
            .run(&["keygen", "brand", "--did", self.did, "--out", &self.path("key.json")])?
            .ok()
    }

    /// Registers with a node and publishes the request there. `token` is where its token goes.
    pub(super) fn join(&self, shell: &Shell, operator_token: &str, token: &str) -> Result<Joined> {
        let (key, document) = (self.path("key.json"), self.path("key.did.json"));
        let added = shell
            .run(&[
                "brand",
                "add",
                "--key",
                &key,
                "--legal-name",
                self.legal_name,
                "--document",
                &document,
                "--token-file",
                operator_token,
                "--json",
            ])?
            .ok()?;
        shell
            .run(&[
                "brand",
                "token",
                "--did",
                self.did,
                "--out",
                token,
                "--token-file",
                operator_token,
            ])?
            .ok()?;
        let [english, german] = ["en", "de"].map(|tag| format!("{tag}={}", self.path(&format!("notice.{tag}.json"))));
        let published = shell
            .run(&[
                "brand",
                "request",
                "--template",
                &self.path("request.json"),
                "--notice",
                &english,
                "--notice",
                &german,
                "--key",
                &key,
                "--token-file",
                token,
                "--json",
            ])?
            .ok()?;
        Ok(Joined {
            request: published.text("/digest")?,
            keys_index: added.number("/index")?,
            request_index: published.number("/index")?,
            registering: added.took,
            publishing: published.took,
            lines: [added.line().to_owned(), published.line().to_owned()],
        })
    }

    /// A link for one customer. The brand keeps to itself who that is.
    pub(super) fn invite(&self, shell: &Shell, request: &str, token: &str, customer: &str) -> Result<(String, Ran)> {
        let customers = self.path("customers.json");
        let made = shell
            .run(&[
                "brand",
                "invite",
                "--request",
                request,
                "--customer",
                customer,
                "--customers",
                &customers,
                "--token-file",
                token,
                "--json",
            ])?
            .ok()?;
        Ok((made.text("/0/link")?, made))
    }

    /// A file in its folder, by its path from the demo's folder.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
