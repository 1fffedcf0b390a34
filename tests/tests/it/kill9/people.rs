//! Those who act, and those who watch.

use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_tests::caller::Caller;
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::p;
use placet_tests::shop::Shop;
use placet_wallet::records;
use placet_wallet::sight::Sight;

/// A shop and what it asks.
pub(super) struct Stall {
    pub(super) shop: Shop,
    pub(super) request: CanonicalRecord,
}

/// A grant, a narrowing and a withdrawal, signed before the first is sent.
pub(super) struct Life {
    records: [Vec<u8>; 3],
    acknowledged: usize,
}

/// A record and the answer to it.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) record: Vec<u8>,
    pub(super) answer: Vec<u8>,
}

/// What was seen of a node until its end.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) acknowledged: Vec<Acknowledged>,
    /// Published checkpoints, in order.
    pub(super) published: Vec<Vec<u8>>,
}

impl Stall {
    /// Somebody answers the request, takes a part back, and then everything.
    pub(super) fn life(&self, name: &str, invitation: &Invitation) -> Life {
        let customer = self.shop.customer(&format!("{name} {}", invitation.as_str()));
        let clauses = [newsletter(), recommendations()];
        let seen = Sight::default().anchor();
        let grant = customer.grant(&self.shop, &self.request, invitation, &clauses, seen);
        let value = Value::Category(p("pd:Purchase"));
        let pattern = Pattern::Value { purpose: None, value };
        let pen = |act| customer.pen(&self.shop, act);
        let narrowing = records::narrow(&grant.state, vec![pattern], seen, &pen("narrowing")).unwrap();
        let withdrawal = records::withdraw(&narrowing.state, None, &pen("withdrawal")).unwrap();
        Life {
            records: [grant.bytes, narrowing.bytes, withdrawal.bytes],
            acknowledged: 0,
        }
    }
}

impl Life {
    /// Whether all three are acknowledged.
    pub(super) fn is_over(&self) -> bool {
        self.acknowledged == self.records.len()
    }
}

/// Sends what these people have to say until the node goes away. What got no answer is sent again in the next round, the
/// same bytes: nobody knows whether it was recorded.
pub(super) fn act(address: &str, lives: &mut [Life]) -> Vec<Acknowledged> {
    let mut caller = Caller::new(address);
    let mut acknowledged = Vec::new();
    for life in lives {
        while let Some(record) = life.records.get(life.acknowledged) {
            let Ok(answer) = caller.call("POST", "/v1/records", record) else {
                return acknowledged;
            };
            let answer = answer.expect(201, "a record");
            acknowledged.push(Acknowledged {
                record: record.clone(),
                answer,
            });
            life.acknowledged += 1;
        }
    }
    acknowledged
}

/// Fetches the checkpoint again and again until the node goes away.
pub(super) fn watch(address: &str) -> Seen {
    let mut caller = Caller::new(address);
    let mut published = Vec::new();
    while let Ok(answer) = caller.call("GET", "/log/checkpoint", &[]) {
        let note = answer.expect(200, "the checkpoint");
        if published.last() != Some(&note) {
            published.push(note);
        }
    }
    Seen {
        published,
        ..Seen::default()
    }
}
