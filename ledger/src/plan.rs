//! What a batch will write, complete before anything of it is written: rows for both databases, the signed checkpoint, and
//! the signed answers.

use std::collections::HashMap;
use std::sync::Arc;

use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::{RecordAnswer, SaltText};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_schemas::record::{Body, Kind};
use placet_schemas::statement::{Acknowledgement, AcknowledgementType};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::arrive::{Arrival, StoredText};
use crate::crypto::{Blind, Purpose};
use crate::error::StoreError;
use crate::facts::Facts;
use crate::judge::{Feed, Judge, Placed, Verdict};
use crate::keyring::{Entry, KeyringRows};
use crate::known::{Brand, Request};
use crate::life::Life;
use crate::node::Node;
use crate::store::{Batch, ControllerWrite, DestructionWrite, PublicWrite, RecordWrite, RequestWrite};
use crate::tree::{Edge, Growth, Head, to_bytes};

/// A batch that has been judged and signed.
pub(crate) struct Plan {
    /// One per record, in the order in which they came.
    pub(crate) verdicts: Vec<Verdict>,
    /// Index and answer of each place.
    pub(crate) answers: Vec<(u64, Vec<u8>)>,
    pub(crate) keyring: KeyringRows,
    pub(crate) main: Batch,
    pub(crate) edge: Edge,
    /// What becomes known once it is committed.
    pub(crate) requests: Vec<Arc<Request>>,
    pub(crate) brands: Vec<(Did, Arc<Brand>)>,
}

/// Judges and signs a batch on top of a head.
pub(crate) fn make(
    node: &Node,
    facts: &Facts,
    arrivals: Vec<Arrival>,
    head: &Head,
    edge: &Edge,
    now: Timestamp,
) -> Result<Plan, StoreError> {
    let mut judge = Judge::new(node, facts, head.size, now);
    let verdicts = arrivals.into_iter().map(|arrival| judge.next(arrival)).collect();
    let Judge {
        placed,
        feeds,
        lives,
        spent,
        requests,
        brands,
        ..
    } = judge;

    let mut growth = Growth::new(head.frontier.clone(), edge)?;
    placed.iter().for_each(|placed| growth.push(placed.arrival.leaf_hash));
    // A clock that was set back must not make the log's own cosignature go back: a witness signs no earlier time either.
    let next = node.voice.head(growth.frontier().clone(), now.max(head.time))?;
    let answers = answers(node, &placed, &feeds, &lives, &growth, &next)?;

    let mut edge = edge.clone();
    let tiles: Vec<_> = growth.into_tiles().into_iter().collect();
    tiles
        .iter()
        .for_each(|(place, hashes)| edge.insert(*place, hashes.clone()));
    let keyring = keyring_rows(node, &placed)?;
    let indexes: Vec<u64> = placed.iter().map(|placed| placed.index).collect();
    let destructions = destruction_rows(&placed, next.time);
    let (records, public) = record_rows(placed, &answers)?;
    let main = Batch {
        on: (head.size, head.root),
        tiles,
        controllers: feeds
            .into_iter()
            .filter(|(_, feed)| feed.touched)
            .map(controller_row)
            .collect(),
        controller_keys: brands.iter().map(|(index, id, ..)| (*index, *id)).collect(),
        records,
        public,
        requests: requests.values().map(|request| request_row(request)).collect(),
        consents: lives
            .into_values()
            .filter(|life| life.touched)
            .map(Life::seal)
            .collect::<Result<_, _>>()?,
        spent: spent.into_values().collect(),
        destructions,
        head: next,
    };
    Ok(Plan {
        verdicts,
        answers: indexes.into_iter().zip(answers).collect(),
        keyring,
        main,
        edge,
        requests: requests.into_values().collect(),
        brands: brands.into_iter().map(|(_, _, did, brand)| (did, brand)).collect(),
    })
}

fn answers(
    node: &Node,
    placed: &[Placed],
    feeds: &HashMap<u64, Feed>,
    lives: &HashMap<Digest, Life>,
    growth: &Growth<'_>,
    head: &Head,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let answer = |placed: &Placed| {
        let feed = feeds.get(&placed.controller).ok_or(StoreError::Corrupt("controller"))?;
        // The last event of the consent in the whole batch, not the last up to this record: the statement is about
        // everything below `size`.
        let life = placed.consent.and_then(|consent| lives.get(&consent));
        let statement = Acknowledgement {
            version: Version,
            r#type: AcknowledgementType::default(),
            origin: node.voice.origin.clone(),
            index: placed.index,
            leaf_hash: Digest::from_bytes(*placed.arrival.leaf_hash.as_bytes()),
            controller: feed.did.clone(),
            seq: placed.seq,
            size: head.size,
            root: Digest::from_bytes(*head.root.as_bytes()),
            consent: life.and(placed.consent),
            last_index: life.map(|life| life.last.0),
            last_digest: life.map(|life| life.last.1),
        };
        let proof = TlogProof::new(placed.index, growth.proof(placed.index)?, head.note.clone());
        let answer = RecordAnswer {
            acknowledgement: node.voice.state(statement)?,
            checkpoint: head.note.clone(),
            findings: placed
                .arrival
                .findings
                .iter()
                .map(|finding| finding.code().to_owned())
                .collect(),
            proof: proof.to_string(),
            salt: SaltText::from_bytes(*placed.arrival.secret.salt().as_bytes()),
        };
        Ok(json::to_jcs(&answer)?)
    };
    placed.iter().map(answer).collect()
}

fn keyring_rows(node: &Node, placed: &[Placed]) -> Result<KeyringRows, StoreError> {
    let mut rows = KeyringRows::default();
    for Placed { arrival, index, .. } in placed {
        let entry = |kind, blind| Entry {
            kind,
            blind,
            index: *index,
        };
        rows.keys
            .push((*index, node.keyring.vault().wrap(*index, &arrival.secret)?));
        rows.lookups.push(entry(Blind::Digest, arrival.blinds.digest));
        rows.lookups.push(entry(Blind::SignerId, arrival.blinds.signer_id));
        rows.lookups.extend(
            arrival
                .blinds
                .withdrawal_key
                .map(|blind| entry(Blind::WithdrawalKey, blind)),
        );
        rows.members
            .extend(arrival.blinds.event.map(|blind| entry(Blind::ConsentEvent, blind)));
        rows.members
            .extend(arrival.blinds.subject.map(|blind| entry(Blind::Subject, blind)));
    }
    Ok(rows)
}

fn record_rows(placed: Vec<Placed>, answers: &[Vec<u8>]) -> Result<(Vec<RecordWrite>, Vec<PublicWrite>), StoreError> {
    let (mut records, mut public) = (Vec::with_capacity(placed.len()), Vec::new());
    for (
        Placed {
            arrival,
            index,
            controller,
            seq,
            ..
        },
        answer,
    ) in placed.into_iter().zip(answers)
    {
        let kind: Kind = arrival.record.kind();
        let record = match arrival.text {
            StoredText::Sealed(sealed) => Some(sealed),
            StoredText::Public(record) => {
                let salt = *arrival.secret.salt().as_bytes();
                public.push(PublicWrite {
                    index,
                    kind,
                    salt,
                    record,
                });
                None
            }
        };
        let answer = arrival.secret.seal(Purpose::Answer, answer)?;
        records.push(RecordWrite {
            index,
            leaf: arrival.leaf,
            controller,
            seq,
            record,
            answer,
        });
    }
    Ok((records, public))
}

fn destruction_rows(placed: &[Placed], time: Timestamp) -> Vec<DestructionWrite> {
    let row = |placed: &Placed| match &placed.arrival.record.body {
        Body::Destruction(destruction) => Some(DestructionWrite {
            index: placed.index,
            controller: placed.controller,
            leaves: destruction.leaves.as_slice().to_vec(),
            ground: destruction.ground.as_str(),
            order: destruction.order_hash,
            time,
        }),
        _ => None,
    };
    placed.iter().filter_map(row).collect()
}

fn controller_row((id, feed): (u64, Feed)) -> ControllerWrite {
    ControllerWrite {
        id,
        did: feed.did,
        legal_name: feed.legal_name,
        keys_index: feed.keys_index,
        feed_size: feed.frontier.size(),
        feed_frontier: to_bytes(feed.frontier.hashes()),
        feed_root: feed.frontier.root(),
    }
}

fn request_row(request: &Request) -> RequestWrite {
    let found = &request.found;
    RequestWrite {
        digest: found.digest,
        index: found.index,
        controller: found.controller_id,
        open: found.open,
    }
}
