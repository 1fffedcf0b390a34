//! Where the status of a credential is: the slots of a feed's items, dealt out over lists.
//!
//! Every item of a brand's feed that is about a consent, or whose opening was destroyed, has an ordinal: how many such items
//! came before it. It has [`SLOTS`] slots, one for each credential that can be issued for it. Lists have
//! [`MIN_LIST_ENTRIES`] entries, and a permutation that is secret and the list's own says which slot is which entry: so an
//! index tells nothing about when a consent was given, nor which entries belong together until they change together.
//!
//! All of it is a function of the feed and of one secret. Whoever loses the secret cannot void what was issued.

use core::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use placet_kernel::status::MIN_LIST_ENTRIES;
use placet_schemas::id::{Did, RecordId, encode_hex};
use placet_service::keys::{self, KeyFileError};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The file of the secret in the issuer's folder.
pub const STATUS_KEY_FILE: &str = "status.key";
/// Most keys that may hold receipts of one consent in its life: the grant's own, and those that it authorises.
pub const MAX_HOLDERS: u64 = 8;
/// Slots of one item: each format for each holder.
pub const SLOTS: u64 = Format::ALL.len() as u64 * MAX_HOLDERS;
/// Items whose slots share a list.
pub const ITEMS_PER_LIST: u64 = MIN_LIST_ENTRIES as u64 / SLOTS;

/// Halves of an entry's number: 17 bits are 8 and 9.
const LOW_BITS: u32 = 8;
const HIGH_BITS: u32 = MIN_LIST_ENTRIES.trailing_zeros() - LOW_BITS;
/// Rounds of the permutation: with as many, a Feistel network of a random function is beyond any distinguisher of so small a
/// domain that sees less than all of it (Luby and Rackoff need four).
const ROUNDS: u8 = 10;

/// In which format a receipt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// VCDM 2.0 with Data Integrity.
    LdpVc,
    /// IETF SD-JWT VC.
    SdJwt,
}

impl Format {
    /// All of them, in the order of their slots.
    pub const ALL: [Self; 2] = [Self::LdpVc, Self::SdJwt];
}

/// The place of a credential's bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Which of the brand's lists.
    pub list: u64,
    /// Which entry.
    pub index: u64,
}

/// The secret that deals the slots out.
pub struct StatusKey(Zeroizing<[u8; 32]>);

/// The slots of one brand's lists.
pub(crate) struct Slots<'a> {
    key: &'a StatusKey,
    controller: &'a Did,
}

impl StatusKey {
    /// Reads the secret in a folder, or makes it there.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load_or_make(dir: &Path) -> Result<Self, KeyFileError> {
        keys::load_or_make(&dir.join(STATUS_KEY_FILE)).map(Self)
    }

    /// The slots of a brand.
    pub(crate) const fn of<'a>(&'a self, controller: &'a Did) -> Slots<'a> {
        Slots { key: self, controller }
    }

    /// HMAC-SHA-256 over the parts, each with its length before it, under a name of what it is for.
    fn mac(&self, what: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).unwrap_or_else(|_| unreachable!("any length will do"));
        for part in [what.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Slots<'_> {
    /// The slot of the credential of an item in a format for a holder.
    pub(crate) fn slot(&self, ordinal: u64, format: Format, holder: u64) -> Slot {
        let number = Format::ALL
            .iter()
            .position(|known| *known == format)
            .unwrap_or_default() as u64;
        self.nth(ordinal, number * MAX_HOLDERS + holder)
    }

    /// The slots of a holder for an item: one for each format.
    pub(crate) fn of_holder(&self, ordinal: u64, holder: u64) -> impl Iterator<Item = Slot> {
        Format::ALL
            .into_iter()
            .map(move |format| self.slot(ordinal, format, holder))
    }

    /// All slots of an item.
    pub(crate) fn all(&self, ordinal: u64) -> impl Iterator<Item = Slot> {
        (0..SLOTS).map(move |nth| self.nth(ordinal, nth))
    }

    /// The name of a list: nobody who has not seen it can guess it, so that how many receipts a brand has is nobody's to count.
    pub(crate) fn list_id(&self, list: u64) -> String {
        let mac = self.of_list("placet status list v1", list, &[]);
        encode_hex(&mac[..16])
    }

    /// The name of a credential: the same whenever it is issued.
    pub(crate) fn credential_id(&self, slot: Slot) -> RecordId {
        let mac = self.of_list("placet credential id v1", slot.list, &slot.index.to_be_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&mac[..16]);
        RecordId::from_random(id)
    }

    fn nth(&self, ordinal: u64, nth: u64) -> Slot {
        let list = ordinal / ITEMS_PER_LIST;
        let entry = (ordinal % ITEMS_PER_LIST) * SLOTS + nth;
        Slot {
            list,
            index: self.permuted(list, entry),
        }
    }

    /// A Feistel network with halves of 8 and 9 bits, which change places every round.
    fn permuted(&self, list: u64, entry: u64) -> u64 {
        let (mut left, mut right) = (entry >> LOW_BITS, entry & mask(LOW_BITS));
        let (mut left_bits, mut right_bits) = (HIGH_BITS, LOW_BITS);
        for round in 0..ROUNDS {
            let mut input = vec![round];
            input.extend_from_slice(&right.to_be_bytes());
            let mac = self.of_list("placet status permutation v1", list, &input);
            let noise = u64::from(u16::from_be_bytes([mac[0], mac[1]]));
            (left, right) = (right, left ^ (noise & mask(left_bits)));
            (left_bits, right_bits) = (right_bits, left_bits);
        }
        (left << right_bits) | right
    }

    fn of_list(&self, what: &'static str, list: u64, rest: &[u8]) -> [u8; 32] {
        let parts = [self.controller.as_str().as_bytes(), &list.to_be_bytes(), rest];
        self.key.mac(what, &parts)
    }
}

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

impl fmt::Debug for StatusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatusKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn key(byte: u8) -> StatusKey {
        StatusKey(Zeroizing::new([byte; 32]))
    }

    fn brand(name: &str) -> Did {
        format!("did:web:{name}.example").parse().unwrap()
    }

    #[test]
    fn each_entry_of_a_list_is_one_slot_of_one_item() {
        let (key, brand) = (key(1), brand("cinema"));
        let slots = key.of(&brand);
        let mut seen = BTreeSet::new();
        for ordinal in ITEMS_PER_LIST..2 * ITEMS_PER_LIST {
            for slot in slots.all(ordinal) {
                assert_eq!(slot.list, 1);
                assert!(slot.index < MIN_LIST_ENTRIES as u64 && seen.insert(slot.index));
            }
        }
        assert_eq!(seen.len(), MIN_LIST_ENTRIES);
    }

    #[test]
    fn the_slots_of_an_item_are_each_credentials_own() {
        let (key, brand) = (key(1), brand("cinema"));
        let slots = key.of(&brand);
        let all: BTreeSet<Slot> = slots.all(7).collect();
        let named: BTreeSet<Slot> = Format::ALL
            .iter()
            .flat_map(|format| (0..MAX_HOLDERS).map(move |holder| (*format, holder)))
            .map(|(format, holder)| slots.slot(7, format, holder))
            .collect();
        assert_eq!((all.len() as u64, &all), (SLOTS, &named));
        let ids: BTreeSet<RecordId> = all.iter().map(|slot| slots.credential_id(*slot)).collect();
        assert_eq!(ids.len() as u64, SLOTS);
    }

    #[test]
    fn another_secret_brand_or_list_deals_out_otherwise() {
        let (one, two) = (key(1), key(2));
        let (cinema, shop) = (brand("cinema"), brand("shop"));
        let deal = |slots: &Slots<'_>, first: u64| -> Vec<u64> {
            (first..first + 8)
                .flat_map(|ordinal| slots.all(ordinal))
                .map(|slot| slot.index)
                .collect()
        };
        let ours = deal(&one.of(&cinema), 0);
        assert_ne!(ours, deal(&two.of(&cinema), 0));
        assert_ne!(ours, deal(&one.of(&shop), 0));
        assert_ne!(ours, deal(&one.of(&cinema), ITEMS_PER_LIST));
        assert_ne!(one.of(&cinema).list_id(0), one.of(&cinema).list_id(1));
        assert_ne!(one.of(&cinema).list_id(0), one.of(&shop).list_id(0));
    }

    /// Neighbours in the feed are no neighbours in the list: the distance of consecutive slots is as of random entries.
    #[test]
    fn what_came_together_does_not_lie_together() {
        let (key, brand) = (key(3), brand("cinema"));
        let slots = key.of(&brand);
        let indexes: Vec<u64> = (0..512)
            .flat_map(|ordinal| slots.all(ordinal))
            .map(|slot| slot.index)
            .collect();
        let near = indexes.windows(2).filter(|two| two[0].abs_diff(two[1]) < 64).count();
        // By chance one in a thousand: 8 of these.
        assert!(near < 40, "{near} of {}", indexes.len());
    }
}
