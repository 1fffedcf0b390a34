//! What the issuer keeps of a consent: what a receipt says, and which slots have to be set when it is over.

use placet_kernel::leaf::Salt;
use placet_kernel::merkle::Hash;
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::SaltText;
use placet_schemas::id::{Did, Digest, Language};
use placet_schemas::lifecycle::{Phase, State};
use placet_schemas::record::consent::Shown;
use placet_schemas::scope::Scope;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use crate::slots::MAX_HOLDERS;

/// The number of the key that gave the consent.
const GRANTS_OWN: u64 = 0;

/// A consent that receipts can be about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Held {
    version: Version<1>,
    /// What its next record is judged by.
    pub(crate) state: State,
    /// The record that made it what it is.
    pub(crate) told: Told,
    /// Ordinals of its records for which receipts may be out that are not void.
    pub(crate) live: Vec<u64>,
    /// The keys that the person has ever authorised to hold receipts, in order: the first is holder 1. One that she took back
    /// and authorised again is there twice, since what was void stays void.
    holders: Vec<Holder>,
}

/// A key that may hold receipts, or might.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    key: Did,
    may: bool,
}

/// A grant, narrowing or renewal, as far as a receipt shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Told {
    /// Its ordinal among the items that have slots.
    pub(crate) ordinal: u64,
    /// Its digest.
    pub(crate) record: Digest,
    /// Its salt.
    pub(crate) salt: SaltText,
    /// A tlog-proof of its leaf.
    pub(crate) proof: String,
    /// The notice that was shown last.
    pub(crate) notice: Digest,
    /// In which language.
    pub(crate) language: Language,
}

/// Where a record is in the log, and what opens it.
pub(crate) struct Place<'a> {
    pub(crate) ordinal: u64,
    pub(crate) index: u64,
    pub(crate) salt: &'a Salt,
    pub(crate) path: Vec<Hash>,
    pub(crate) checkpoint: &'a str,
}

impl Held {
    /// The consent as its grant made it.
    pub(crate) fn given(state: State, shown: &Shown, record: Digest, place: Place<'_>) -> Self {
        let told = Told::new(record, shown.notice, shown.language.clone(), place);
        Self {
            version: Version,
            live: vec![told.ordinal],
            holders: Vec::new(),
            state,
            told,
        }
    }

    /// After a record that changed what is consented to; gives the ordinals whose receipts are void by it.
    ///
    /// A receipt that says more than is left is void. One whose consent was renewed as it was says nothing wrong: it expires.
    pub(crate) fn changed(
        &mut self,
        state: State,
        shown: Option<&Shown>,
        record: Digest,
        place: Place<'_>,
    ) -> Vec<u64> {
        let same = scope_of(&state) == scope_of(&self.state) && state.request == self.state.request;
        let void = if same {
            Vec::new()
        } else {
            core::mem::take(&mut self.live)
        };
        let (notice, language) = match shown {
            Some(shown) => (shown.notice, shown.language.clone()),
            None => (self.told.notice, self.told.language.clone()),
        };
        self.told = Told::new(record, notice, language, place);
        self.live.push(self.told.ordinal);
        self.state = state;
        void
    }

    /// The number of a holder among those who may hold receipts; nothing for others. The key that gave the consent is the first.
    pub(crate) fn holder(&self, holder: &Did) -> Option<u64> {
        if self.state.subject == *holder {
            return Some(GRANTS_OWN);
        }
        let at = self
            .holders
            .iter()
            .position(|known| known.may && known.key == *holder)?;
        Some(at as u64 + 1).filter(|number| *number < MAX_HOLDERS)
    }

    /// The person says anew which other keys may hold receipts; gives the numbers of those that may not any more.
    pub(crate) fn authorized(&mut self, keys: &[Did]) -> Vec<u64> {
        let mut taken = Vec::new();
        for (at, holder) in self.holders.iter_mut().enumerate() {
            if holder.may && !keys.contains(&holder.key) {
                holder.may = false;
                taken.push(at as u64 + 1);
            }
        }
        for key in keys {
            if !self.holders.iter().any(|known| known.may && known.key == *key) {
                self.holders.push(Holder {
                    key: key.clone(),
                    may: true,
                });
            }
        }
        taken.retain(|number| *number < MAX_HOLDERS);
        taken
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.state.phase != Phase::Given
    }
}

impl Told {
    fn new(record: Digest, notice: Digest, language: Language, place: Place<'_>) -> Self {
        Self {
            ordinal: place.ordinal,
            record,
            salt: SaltText::from_bytes(*place.salt.as_bytes()),
            proof: TlogProof::new(place.index, place.path, place.checkpoint.to_owned()).to_string(),
            notice,
            language,
        }
    }
}

const fn scope_of(state: &State) -> &Scope {
    &state.scope
}
