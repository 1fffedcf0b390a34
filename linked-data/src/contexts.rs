//! The contexts that documents may name. They are in the program: an unknown one is an error, never a fetch.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use placet_schemas::record::{PLACET_CONTEXT, VC_CONTEXT};

use crate::active::ActiveContext;
use crate::error::{ErrorCode, LinkedError};
use crate::json::{self, Json};

/// IRIs and texts; `contexts/README.md` says where each is from.
const BUNDLED: [(&str, &str); 8] = [
    (VC_CONTEXT, include_str!("../contexts/credentials-v2.jsonld")),
    (PLACET_CONTEXT, include_str!("../../schemas/contexts/v1.jsonld")),
    (
        "https://www.w3.org/2018/credentials/v1",
        include_str!("../contexts/credentials-v1.jsonld"),
    ),
    (
        "https://www.w3.org/ns/credentials/examples/v2",
        include_str!("../contexts/credentials-examples-v2.jsonld"),
    ),
    (
        "https://w3id.org/security/data-integrity/v1",
        include_str!("../contexts/data-integrity-v1.jsonld"),
    ),
    (
        "https://w3id.org/security/data-integrity/v2",
        include_str!("../contexts/data-integrity-v2.jsonld"),
    ),
    (
        "https://w3id.org/security/multikey/v1",
        include_str!("../contexts/multikey-v1.jsonld"),
    ),
    (
        "https://w3id.org/security/suites/ed25519-2020/v1",
        include_str!("../contexts/ed25519-signature-2020-v1.jsonld"),
    ),
];

/// Earlier publications under the IRI of a bundled context, which credentials name by their digests. Documents are never read
/// with one.
const EARLIER: [(&str, &str); 1] = [(VC_CONTEXT, include_str!("../contexts/credentials-v2-2024-07.jsonld"))];

/// What has been published under the IRI of a bundled context, byte for byte; nothing for other IRIs.
pub fn published(iri: &str) -> impl Iterator<Item = &'static [u8]> {
    let all = BUNDLED.into_iter().chain(EARLIER);
    all.filter(move |(known, _)| *known == iri)
        .map(|(_, text)| text.as_bytes())
}

/// Contexts by their IRIs.
#[derive(Debug, Clone, Default)]
pub struct Contexts {
    known: BTreeMap<String, Arc<Known>>,
}

/// One context.
#[derive(Debug)]
pub(crate) struct Known {
    /// The value of its `@context`.
    pub(crate) context: Json,
    /// What it is when nothing stands before it: most documents begin with the same large context.
    pub(crate) alone: OnceLock<Arc<ActiveContext>>,
}

static ALL: LazyLock<Contexts> = LazyLock::new(|| {
    let read = |all: Contexts, (iri, text): (&str, &str)| all.clone().with(iri, text.as_bytes()).unwrap_or(all);
    BUNDLED.into_iter().fold(Contexts::default(), read)
});

impl Contexts {
    /// The ones that come with this program.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &ALL
    }

    /// These and one more, for instance another vocabulary's that an operator has pinned.
    ///
    /// # Errors
    /// When the text is no JSON object with an `@context`.
    pub fn with(mut self, iri: &str, text: &[u8]) -> Result<Self, LinkedError> {
        let context = match json::parse(text).map_err(|fault| fault.at(""))? {
            Json::Object(mut members) => members.remove("@context"),
            _ => None,
        };
        let context = context.ok_or_else(|| {
            let message = format!("the context {iri} is no JSON object with @context");
            LinkedError::new("", ErrorCode::InvalidContext, message)
        })?;
        let known = Known {
            context,
            alone: OnceLock::new(),
        };
        self.known.insert(iri.to_owned(), Arc::new(known));
        Ok(self)
    }

    /// The IRIs.
    pub fn iris(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, iri: &str) -> Option<&Arc<Known>> {
        self.known.get(iri)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn every_bundled_context_can_be_read() {
        assert_eq!(Contexts::bundled().iris().count(), BUNDLED.len());
    }

    #[test]
    fn earlier_publications_are_known_by_their_digests_alone() {
        let digests: Vec<String> = published(VC_CONTEXT)
            .map(|text| Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect())
            .collect();
        // The Recommendation's, and the one of the Candidate Recommendation of 2024-07.
        assert_eq!(
            digests,
            [
                "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
                "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
            ]
        );
        assert_eq!(published("https://example.org/").count(), 0);
    }

    #[test]
    fn the_contexts_have_the_digests_that_the_recommendations_state() {
        // VCDM 1.1 and 2.0, appendix B.1; Data Integrity 1.0, section 2.4.1. The last three no recommendation states: so that a
        // change is seen.
        for (iri, stated) in [
            (
                "https://www.w3.org/ns/credentials/v2",
                "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
            ),
            (
                "https://www.w3.org/2018/credentials/v1",
                "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
            ),
            (
                "https://w3id.org/security/data-integrity/v2",
                "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
            ),
            (
                "https://w3id.org/security/multikey/v1",
                "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
            ),
            (
                "https://w3id.org/security/data-integrity/v1",
                "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
            ),
            (
                "https://www.w3.org/ns/credentials/examples/v2",
                "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c",
            ),
            (
                "https://w3id.org/security/suites/ed25519-2020/v1",
                "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588",
            ),
        ] {
            let (_, text) = BUNDLED.into_iter().find(|(known, _)| *known == iri).unwrap();
            let digest: String = Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(digest, stated, "{iri}");
        }
    }
}
