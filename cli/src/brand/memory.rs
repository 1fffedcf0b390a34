//! What a brand remembers of its feeds between two commands: the last head that added up, and what was acknowledged to it since.
//!
//! Without a memory a ledger could show a brand another feed every day. With it, a feed that shrank, forked or lost an item is
//! proof of misbehaviour.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_kernel::misbehaviour::Accusation;
use placet_schemas::id::{Did, Origin};
use placet_schemas::json;
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed};
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use super::feed::Feed;
use crate::files;
use crate::pinned::Pinned;

/// Longest file.
const MAX_STATE_BYTES: usize = 16 * 1024 * 1024;
/// Most acknowledgements that wait for a head; the oldest go first. `brand consents` settles them.
const MAX_WAITING: usize = 4096;

/// Where the file is, for commands that only add to it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StateArgs {
    /// File in which the brand remembers what the operator signed; feeds are held against it
    #[arg(long, env = "PLACET_BRAND_STATE", value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    file: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Version<1>,
    feeds: Vec<Known>,
}

/// A feed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    origin: Origin,
    controller: Did,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Signed<FeedHead>>,
    /// Not yet seen in a feed.
    acknowledgements: Vec<Signed<Acknowledgement>>,
}

impl Memory {
    /// Reads the file; one that is not there remembers nothing.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::default();
        if path.exists() {
            let broken = || format!("{} is no memory of feeds", path.display());
            let bytes = files::read(path, MAX_STATE_BYTES)?;
            let document = json::parse(&bytes, MAX_STATE_BYTES).with_context(broken)?;
            file = json::decode(document.root()).with_context(broken)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Where it is: proofs are put beside it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last head of this feed that added up.
    pub(super) fn head(&self, origin: &Origin, controller: &Did) -> Option<&Signed<FeedHead>> {
        self.known(origin, controller)?.head.as_ref()
    }

    /// What the operator misbehaved in, by what is remembered.
    ///
    /// # Errors
    /// When the feed cannot be held against what is remembered: the keys do not count, or the log has gone back.
    pub(super) fn against(&self, feed: &Feed, pinned: &Pinned) -> Result<Option<Accusation>> {
        let new = &feed.head.statement;
        let Some(known) = self.known(&new.origin, &new.controller) else {
            return Ok(None);
        };
        if let Some(old) = &known.head {
            // Without a trust file the keys are the ledger's own word, and so are these.
            if !pinned.keys.operator_keys.iter().any(|key| key.key == old.signed_by) {
                bail!(
                    "{} has a head by {}, which is none of the keys of {} by which it is to be judged; name it in the trust file, \
                     with its sizes",
                    self.path.display(),
                    old.signed_by,
                    new.origin
                );
            }
            if let Some(found) = feed.against_head(old) {
                return Ok(Some(found));
            }
            if new.size < old.statement.size {
                bail!(
                    "log_went_back: the ledger shows its log at size {}, and has signed this feed at size {} before. The head is \
                     in {}",
                    new.size,
                    old.statement.size,
                    self.path.display()
                );
            }
        }
        let acknowledged = known.acknowledgements.iter();
        Ok(acknowledged
            .filter_map(|said| feed.against_acknowledgement(said))
            .next())
    }

    /// Remembers a feed that adds up and contradicts nothing. What is in it need not be waited for any more: whatever comes
    /// later is held against this head.
    pub(super) fn saw(&mut self, feed: &Feed) -> Result<()> {
        let new = &feed.head.statement;
        let known = self.known_mut(&new.origin, &new.controller);
        known.head = Some(feed.head.clone());
        known.acknowledgements.retain(|said| said.statement.size > new.size);
        self.save()
    }

    /// Remembers an acknowledgement that was checked.
    pub(super) fn heard(&mut self, acknowledgement: &Signed<Acknowledgement>) -> Result<()> {
        let said = &acknowledgement.statement;
        let known = self.known_mut(&said.origin, &said.controller);
        if !known.acknowledgements.contains(acknowledgement) {
            known.acknowledgements.push(acknowledgement.clone());
            let over = known.acknowledgements.len().saturating_sub(MAX_WAITING);
            known.acknowledgements.drain(..over);
        }
        self.save()
    }

    fn known(&self, origin: &Origin, controller: &Did) -> Option<&Known> {
        let mut feeds = self.file.feeds.iter();
        feeds.find(|known| known.origin == *origin && known.controller == *controller)
    }

    fn known_mut(&mut self, origin: &Origin, controller: &Did) -> &mut Known {
        let is = |known: &Known| known.origin == *origin && known.controller == *controller;
        let at = self.file.feeds.iter().position(is).unwrap_or_else(|| {
            self.file.feeds.push(Known {
                origin: origin.clone(),
                controller: controller.clone(),
                head: None,
                acknowledgements: Vec::new(),
            });
            self.file.feeds.len() - 1
        });
        &mut self.file.feeds[at]
    }

    fn save(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.file)?;
        files::write(&self.path, format!("{text}\n").as_bytes(), files::SECRET)
    }
}
