//! A second judge, who knows no clauses and no candidates: for each pair one standing yes, a set of single combinations. A yes
//! puts its own in its place, whatever is taken back anywhere leaves it, an ending clears it.

use std::collections::{BTreeMap, BTreeSet};

use placet_kernel::decision::PurposePolicy;
use placet_schemas::record::consent::Strength;
use placet_schemas::scope::Delivery;
use placet_schemas::time::Timestamp;

use super::world::{Act, Asked, Deed, World, iri};

/// Processing, delivery, whether to the recipient, whether to the country; and by an express statement or not.
type Single = (String, Delivery, bool, bool);
type Held = BTreeMap<Single, bool>;

struct Standing {
    held: Held,
    strength: Strength,
    valid_until: Timestamp,
}

pub(super) fn permits(world: &World, asked: &Asked, rule: PurposePolicy) -> bool {
    asked
        .categories
        .iter()
        .all(|category| permits_one(world, asked, category, rule))
}

fn permits_one(world: &World, asked: &Asked, category: &str, rule: PurposePolicy) -> bool {
    let mut standing: Option<Standing> = None;
    let mut holding: BTreeMap<usize, Held> = BTreeMap::new();
    for deed in &world.deeds {
        let before = holding.remove(&deed.consent).unwrap_or_default();
        let after = held(deed, asked.purpose, category);
        match deed.act {
            Act::Grant | Act::Renew if !after.is_empty() => {
                standing = Some(Standing {
                    held: after.clone(),
                    strength: deed.strength,
                    valid_until: deed.valid_until,
                });
            }
            Act::Grant | Act::Renew | Act::Narrow => {
                let lost: BTreeSet<&Single> = before.keys().filter(|one| !after.contains_key(*one)).collect();
                if let Some(standing) = &mut standing {
                    standing.held.retain(|one, _| !lost.contains(one));
                }
            }
            Act::End(_) if !before.is_empty() => standing = None,
            Act::End(_) => {}
        }
        holding.insert(deed.consent, after);
    }
    if world
        .direct
        .iter()
        .any(|consent| holding.get(consent).is_some_and(|held| !held.is_empty()))
    {
        standing = None;
    }
    let fresh = world
        .now
        .unix()
        .saturating_sub(world.head_time.unix())
        .max(world.silent_for)
        < 60;
    let wanted = (
        asked.processing.to_owned(),
        asked.delivery,
        asked.recipient,
        asked.transfer,
    );
    standing.is_some_and(|standing| {
        let stated = standing.held.get(&wanted).copied();
        let enough = |stated: bool| stated || !(asked.transfer || rule.explicit);
        fresh
            && stated.is_some_and(enough)
            && world.now < standing.valid_until
            && rule.min_strength.is_none_or(|least| standing.strength >= least)
    })
}

fn held(deed: &Deed, purpose: &str, category: &str) -> Held {
    let mut held = Held::new();
    for (clause, explicit) in deed.granted.scope.clauses().iter().zip(&deed.granted.explicit) {
        if clause.purpose.id.as_str() != iri(purpose) || !clause.categories.iter().any(|one| one.as_str() == category) {
            continue;
        }
        for processing in clause.processing.iter() {
            for delivery in clause.delivery.iter() {
                let (to, over) = (clause.third_party.is_some(), clause.transfer.is_some());
                held.insert((processing.as_str().to_owned(), *delivery, to, over), *explicit);
            }
        }
    }
    held
}
