//! The checks of a grant and the signature of its acknowledgement, alone: no network, no storage, no encryption.

use std::collections::HashMap;
use std::hint::black_box;
use std::thread;

use placet_kernel::arrival::{self, Setting};
use placet_kernel::sign::sign_statement;
use placet_schemas::id::{Digest, Origin};
use placet_schemas::lifecycle;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::statement::{Acknowledgement, AcknowledgementType};
use placet_schemas::version::Version;
use placet_tests::bytes_of;
use placet_tests::process::now;
use placet_wallet::keys::SoftwareKey;

use super::prepare::Market;
use crate::clock::time;

type Requests<'a> = HashMap<Digest, &'a ConsentRequest>;

/// Checks and acknowledges all grants on as many threads as the node has; gives grants per second.
pub(crate) fn check_all(market: &Market, grants: &[Vec<u8>]) -> f64 {
    let requests: Requests<'_> = market
        .requests
        .iter()
        .map(|request| (request.record.digest(), body(request)))
        .collect();
    let operator = SoftwareKey::ed25519_from_seed(&bytes_of("operator"));
    let threads = thread::available_parallelism().unwrap().get();
    let (took, ()) = time(|| {
        thread::scope(|scope| {
            for part in grants.chunks(grants.len().div_ceil(threads)) {
                let (requests, operator) = (&requests, &operator);
                scope.spawn(move || {
                    part.iter()
                        .for_each(|grant| check(&market.origin, requests, operator, grant))
                });
            }
        });
    });
    grants.len() as f64 / took.as_secs_f64()
}

fn check(origin: &Origin, requests: &Requests<'_>, operator: &SoftwareKey, grant: &[u8]) {
    let record = CanonicalRecord::parse(black_box(grant)).unwrap().record;
    let setting = Setting {
        origin,
        operators: &[],
        keys: None,
        now: Some(now()),
    };
    arrival::check(&record, &setting).unwrap();
    let Body::ConsentGrant(body) = &record.body else {
        panic!("no grant")
    };
    let state = lifecycle::apply(None, &record, Some(requests[&body.request])).unwrap();
    let statement = Acknowledgement {
        version: Version,
        r#type: AcknowledgementType::default(),
        origin: origin.clone(),
        index: 1,
        leaf_hash: record.digest(),
        controller: state.controller,
        seq: 1,
        size: 2,
        root: record.digest(),
        consent: Some(record.digest()),
        last_index: Some(1),
        last_digest: Some(record.digest()),
    };
    black_box(sign_statement(statement, operator).unwrap());
}

fn body(request: &CanonicalRecord) -> &ConsentRequest {
    match &request.record.body {
        Body::ConsentRequest(body) => body,
        _ => panic!("no request"),
    }
}
