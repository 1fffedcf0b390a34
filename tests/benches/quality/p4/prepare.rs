//! Several brands with several requests each, and grants to all of them by turns, signed beforehand.

use std::thread;

use placet_schemas::api::MAX_INVITATIONS;
use placet_schemas::id::{Digest, Origin};
use placet_schemas::record::consent::Anchor;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_tests::brand::Brand;
use placet_tests::bytes_of;
use placet_tests::caller::Caller;
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::process::NodeProcess;
use placet_tests::shop::Shop;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::sight::Sight;

const BRANDS: usize = 6;
/// So many that no request meets its limit of grants per second.
const REQUESTS: usize = 6;

/// Who asks, and who has said yes but not sent it yet.
pub(crate) struct Market {
    pub(crate) origin: Origin,
    pub(crate) requests: Vec<CanonicalRecord>,
    pub(crate) grants: Vec<Vec<u8>>,
}

/// One brand's request.
pub(crate) type Stall<'a> = (&'a Shop, CanonicalRecord);

impl Market {
    /// Opens it, with this many grants.
    pub(crate) fn open(node: &NodeProcess, origin: &Origin, grants: usize) -> Self {
        let shops: Vec<Shop> = (0..BRANDS)
            .map(|number| Shop::open(node, origin, brand(number)))
            .collect();
        let stalls = stalls(node, &shops, REQUESTS);
        let (_, grants) = signed(node, &stalls, grants);
        Self {
            origin: origin.clone(),
            requests: stalls.into_iter().map(|(_, request)| request).collect(),
            grants,
        }
    }
}

/// So many requests of each brand.
pub(crate) fn stalls<'a>(node: &NodeProcess, shops: &'a [Shop], requests: usize) -> Vec<Stall<'a>> {
    let of_shop = |shop: &'a Shop| {
        (0..requests).map(move |number| {
            let request = shop.ask(node, &number.to_string(), vec![newsletter(), recommendations()]);
            (shop, request)
        })
    };
    shops.iter().flat_map(of_shop).collect()
}

/// Signs grants to all of them by turns; gives the invitations that they answer, and the grants.
pub(crate) fn signed(node: &NodeProcess, stalls: &[Stall<'_>], grants: usize) -> (Vec<Digest>, Vec<Vec<u8>>) {
    let each = grants.div_ceil(stalls.len());
    let invitations: Vec<Vec<Invitation>> = stalls
        .iter()
        .map(|(shop, request)| invite(node, shop, request, each))
        .collect();
    let anchor = latest(node);
    let yes = |number: usize| {
        let (shop, request) = &stalls[number % stalls.len()];
        let invitation = &invitations[number % stalls.len()][number / stalls.len()];
        let customer = shop.customer(invitation.as_str());
        let clauses = [newsletter(), recommendations()];
        let grant = customer.grant(shop, request, invitation, &clauses, anchor);
        (invitation.digest(), grant.bytes)
    };
    let threads = thread::available_parallelism().unwrap().get();
    let share = grants.div_ceil(threads);
    thread::scope(|scope| {
        let part = |part: usize| scope.spawn(move || (part * share..grants.min((part + 1) * share)).map(yes).collect());
        let parts: Vec<thread::ScopedJoinHandle<'_, Vec<_>>> = (0..threads).map(part).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).unzip()
    })
}

fn brand(number: usize) -> Brand {
    let key = SoftwareKey::ed25519_from_seed(&bytes_of(&format!("brand {number}")));
    let did = key.did();
    Brand {
        method: did.key_method().unwrap(),
        did,
        legal_name: "Example Brand plc",
        key,
    }
}

fn invite(node: &NodeProcess, shop: &Shop, request: &CanonicalRecord, count: usize) -> Vec<Invitation> {
    let mut made = Vec::with_capacity(count);
    while made.len() < count {
        let next = u32::try_from(count - made.len()).unwrap().min(MAX_INVITATIONS);
        made.extend(shop.invite(node, request, next));
    }
    made
}

/// The published checkpoint: what a wallet that looks before it signs is anchored in.
fn latest(node: &NodeProcess) -> Anchor {
    let note = Caller::new(node.address()).get("/log/checkpoint");
    Sight::restore(str::from_utf8(&note).unwrap(), &node.log_trust())
        .unwrap()
        .anchor()
}
