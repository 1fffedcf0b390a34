//! What a person is handed to answer a request: a link, the bare invitation, or the digest of a request that is open to
//! anyone.

use anyhow::{Result, anyhow, bail};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::Invitation;

/// What stands before the fragment of a link.
const LINK_PATH: &str = "/i#";
/// Hex digits of an operator key's id: the first 8 bytes of SHA-256 of its DID.
const KEY_ID_CHARS: usize = 16;

/// What is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The request that this invitation is for.
    Invitation(Invitation),
    /// An open request: the node gives an invitation to whoever asks.
    Request(Digest),
}

/// A link taken apart, or what stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The node that the link leads to.
    pub(super) node: Option<String>,
    /// What is to be answered.
    pub(super) asked: Asked,
    /// Id of the operator's key: whoever made the link vouches for it.
    pub(super) operator: Option<String>,
}

impl Target {
    /// Reads `https://host/i#<invitation>.<operator key id>`, an invitation alone, or the digest of a request.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if let Ok(request) = text.parse() {
            return Ok(Self {
                node: None,
                asked: Asked::Request(request),
                operator: None,
            });
        }
        let (node, fragment) = match text.split_once(LINK_PATH) {
            Some((node, fragment)) => (Some(node.to_owned()), fragment),
            None => (None, text),
        };
        let (invitation, operator) = match fragment.split_once('.') {
            Some((invitation, operator)) => (invitation, Some(operator)),
            None => (fragment, None),
        };
        if operator.is_some_and(|id| id.len() != KEY_ID_CHARS || !id.bytes().all(|b| b.is_ascii_hexdigit())) {
            bail!("the link is damaged: what follows its last dot is no key id");
        }
        let wrong = |error| anyhow!("this is no link of the form https://…/i#…, no invitation and no digest: {error}");
        Ok(Self {
            node,
            asked: Asked::Invitation(invitation.parse().map_err(wrong)?),
            operator: operator.map(str::to_lowercase),
        })
    }

    /// Checks the node's operator key against the link.
    ///
    /// # Errors
    /// When they differ: then the node is not the one that the brand uses.
    pub(super) fn check_operator(&self, key: &Did) -> Result<()> {
        let found = key_id(key);
        match &self.operator {
            Some(named) if *named != found => {
                bail!("the link names the operator key {named}, the node shows {found}: this is not the brand's node")
            }
            _ => Ok(()),
        }
    }
}

/// The first 16 hex digits of SHA-256 of an operator's DID.
fn key_id(key: &Did) -> String {
    let mut hex = Digest::of(key.as_str().as_bytes()).to_string();
    hex.truncate(KEY_ID_CHARS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    const KEY: &str = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

    #[test]
    fn a_link_names_its_node_and_its_operator() {
        let key: Did = KEY.parse().unwrap();
        let id = key_id(&key);
        let link = Target::parse(&format!("https://ledger.example/placet/i#{INVITATION}.{id}\n")).unwrap();
        assert_eq!(link.node.as_deref(), Some("https://ledger.example/placet"));
        assert_eq!(link.asked, Asked::Invitation(INVITATION.parse().unwrap()));
        assert!(link.check_operator(&key).is_ok());
        let other = Target::parse(&format!("https://ledger.example/i#{INVITATION}.0123456789abcdef")).unwrap();
        assert!(
            other
                .check_operator(&key)
                .unwrap_err()
                .to_string()
                .contains("not the brand's node")
        );
    }

    #[test]
    fn an_invitation_or_a_digest_stands_alone() {
        let bare = Target::parse(INVITATION).unwrap();
        assert_eq!((bare.node, bare.operator), (None, None));
        let digest = Digest::of(b"a request");
        assert_eq!(
            Target::parse(&digest.to_string()).unwrap().asked,
            Asked::Request(digest)
        );
    }

    #[test]
    fn a_damaged_link_is_noticed() {
        for bad in [
            "",
            "https://a.example/i#",
            "https://a.example/",
            &format!("{INVITATION}.12"),
            "AAAA",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
