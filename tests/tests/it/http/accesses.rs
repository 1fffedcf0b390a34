//! Access reports over HTTP: who hands them in, who reads them, and what is refused.

use std::time::Duration;

use hyper::Method;
use placet_kernel::access::verify_access;
use placet_ledger::http::Rate;
use placet_schemas::api::{AccessLinesAnswer, AccessPage, AccessView, MAX_ACCESS_PAGE, MAX_LINES};
use placet_schemas::id::Digest;
use placet_schemas::json as jcs;
use placet_tests::brand::Brand;
use placet_tests::report::{Report, Verifier};
use serde_json::{Value, json};

use super::client::Answer;
use super::house::{House, Person};

impl House {
    fn verifier(&self) -> Verifier {
        Verifier::of(&self.brand, &self.origin, self.now())
    }

    /// So many accesses on a person's consent.
    fn report(&self, person: &Person, names: &[&str]) -> Report {
        let verifier = self.verifier();
        let line = |name: &&str| verifier.line(name, Some(person.state.consent), self.now());
        verifier.report(names.iter().map(line).collect(), self.now())
    }

    /// One access on the consent of each of these.
    pub(super) fn report_of(&self, people: &[&Person]) -> Report {
        let verifier = self.verifier();
        let line = |(n, person): (usize, &&Person)| {
            verifier.line(&format!("access {n}"), Some(person.state.consent), self.now())
        };
        verifier.report(people.iter().enumerate().map(line).collect(), self.now())
    }

    async fn hand_in(&self, report: &Report, token: &str) -> Answer {
        let body = jcs::to_jcs(&report.lines).unwrap();
        self.post("/v1/access-lines").token(token).bytes(&body).send().await
    }

    /// Records a batch and hands its lines in.
    pub(super) async fn tell(&self, report: &Report) -> AccessLinesAnswer {
        self.send(&report.record.bytes).await.expect(201);
        let answer = self.hand_in(report, &self.brand_token).await.expect(200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    async fn accesses(&self, consent: &Digest, query: &str, token: &str) -> Answer {
        let path = format!("/v1/consents/{consent}/accesses{query}");
        self.get(&path).token(token).send().await
    }
}

fn page(answer: &Answer) -> AccessPage {
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn a_person_reads_what_a_brand_did_and_believes_no_node() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let report = house.report(&anna, &["one", "two", "three"]);
    let kept = house.tell(&report).await;
    assert_eq!((kept.kept, kept.refused), (3, vec![]));
    let session = house.session(&anna.key).await;
    let consent = anna.state.consent;

    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let answer = house
            .accesses(&consent, &format!("?limit=2{after}"), &session)
            .await
            .expect(200);
        let page = page(&answer);
        let trust = house.trust().await;
        let judge = |view: &AccessView| verify_access(view, &page.keys, &consent, &house.origin, &trust).unwrap();
        seen.extend(page.accesses.iter().map(judge));
        let Some(next) = page.next else { break };
        after = format!("&after={next}");
    }
    let lines: Vec<_> = seen.iter().map(|access| &access.line).collect();
    let wanted: Vec<_> = report.lines.lines.iter().map(|line| &line.line).collect();
    assert_eq!(lines, wanted);
    assert!(seen.iter().all(|access| access.verifier == house.verifier().key.did()));
    assert!(MAX_ACCESS_PAGE >= seen.len());
    // What the brand did is the brand's to read, too.
    let brand = house.accesses(&consent, "", &house.brand_token).await.expect(200);
    assert_eq!(page(&brand).accesses.len(), 3);
}

#[tokio::test]
async fn nobody_reads_what_others_did_with_her_data_but_she_and_that_brand() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.tell(&house.report(&anna, &["one"])).await;
    let rival = house.register(&Brand::festival()).await;
    let other = house.session(&house.key("bert")).await;
    for token in [&rival, &other, &house.operator_token] {
        let found = house.accesses(&anna.state.consent, "", token).await.expect(404);
        let nothing = house.accesses(&Digest::of(b"none"), "", token).await.expect(404);
        assert_eq!(found.body, nothing.body);
    }
    let path = format!("/v1/consents/{}/accesses", anna.state.consent);
    house.get(&path).send().await.expect(404).refused("not_found");
    for query in [
        "?after=1",
        "?after=1.",
        "?after=1.2.3",
        "?after=-1.0",
        "?after=99999999999999999.0",
        "?limit=x",
    ] {
        let answer = house
            .accesses(&anna.state.consent, query, &house.brand_token)
            .await
            .expect(400);
        answer.refused("parameter");
    }
}

#[tokio::test]
async fn another_brand_adds_nothing_to_a_batch_or_a_consent() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let report = house.report(&anna, &["one"]);
    // Before it is recorded, a batch is not there.
    house
        .hand_in(&report, &house.brand_token)
        .await
        .expect(404)
        .refused("not_found");
    house.send(&report.record.bytes).await.expect(201);
    let festival = Brand::festival();
    let rival = house.register(&festival).await;
    house.hand_in(&report, &rival).await.expect(404).refused("not_found");
    // In a batch of its own it names a consent that it has not.
    let verifier = Verifier::of(&festival, &house.origin, house.now());
    let line = verifier.line("theirs", Some(anna.state.consent), house.now());
    let theirs = verifier.report(vec![line], house.now());
    house.send(&theirs.record.bytes).await.expect(201);
    let answer = house.hand_in(&theirs, &rival).await.expect(200).json();
    assert_eq!(
        answer,
        json!({ "kept": 0, "refused": [{ "seq": 1, "code": "consent_unknown" }] })
    );
    assert_eq!(
        page(&house.accesses(&anna.state.consent, "", &house.brand_token).await).accesses,
        []
    );
}

#[tokio::test]
async fn forged_lines_are_refused_by_name_and_the_others_kept_however_often_they_come() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let mut report = house.report(&anna, &["one", "two", "three", "four"]);
    house.send(&report.record.bytes).await.expect(201);
    let lines = &mut report.lines.lines;
    lines[0].line.delivery = placet_schemas::scope::Delivery::InVault;
    lines[1].proof.reverse();
    lines[2].seq = 9;
    for _ in 0..2 {
        let answer = house.hand_in(&report, &house.brand_token).await.expect(200).json();
        let refused = |seq: u64| json!({ "seq": seq, "code": "line_not_included" });
        assert_eq!(
            answer,
            json!({ "kept": 1, "refused": [refused(1), refused(2), refused(9)] })
        );
    }
    assert_eq!(
        page(&house.accesses(&anna.state.consent, "", &house.brand_token).await)
            .accesses
            .len(),
        1
    );
}

#[tokio::test]
async fn what_is_no_body_of_lines_is_refused_as_a_whole() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let report = house.report(&anna, &["one"]);
    house.send(&report.record.bytes).await.expect(201);
    let good = serde_json::to_value(&report.lines).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let post = async |body: &Value| {
        let call = house.call(Method::POST, "/v1/access-lines").token(&house.brand_token);
        call.json(body).send().await
    };
    for (pointer, value) in [
        ("/batch", json!("none")),
        ("/lines/0/seq", json!(-1)),
        ("/lines/0/line/categories", json!([])),
        ("/lines/0/line/version", json!(2)),
        ("/lines/0/line/service", json!("x".repeat(129))),
        ("/lines/0/proof/0", json!("AA==")),
    ] {
        post(&changed(pointer, value)).await.expect(400).refused("malformed");
    }
    let one = good["lines"][0].clone();
    let many = post(&changed("/lines", json!(vec![one; MAX_LINES + 1]))).await;
    many.expect(413).refused("oversize");
    let long = vec![good["lines"][0]["proof"][0].clone(); 21];
    post(&changed("/lines/0/proof", json!(long)))
        .await
        .expect(413)
        .refused("oversize");
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let answer = house
        .post("/v1/access-lines")
        .token(&house.brand_token)
        .bytes(huge.as_bytes())
        .send()
        .await;
    answer.expect(413).refused("oversize");
    post(&json!({ "batch": good["batch"], "lines": [] })).await.expect(200);
    post(&good).await.expect(200);
}

#[tokio::test]
async fn batches_of_strangers_are_refused_and_those_of_a_brand_limited() {
    let house = House::with(|config| {
        config.rates.batches = Rate {
            burst: 2,
            per_second: 1,
        };
    })
    .await;
    let anna = house.person("anna").await;
    let stranger = Verifier {
        key: house.key("stranger"),
        ..house.verifier()
    };
    let forged = stranger.report(Vec::new(), house.now());
    for _ in 0..5 {
        house
            .send(&forged.record.bytes)
            .await
            .expect(422)
            .refused("wrong_signer");
    }
    let festival = Verifier::of(&Brand::festival(), &house.origin, house.now());
    let unknown = festival.report(Vec::new(), house.now());
    house
        .send(&unknown.record.bytes)
        .await
        .expect(404)
        .refused("controller_unknown");
    let expired = Verifier::of(&house.brand, &house.origin, house.now().minus_seconds(366 * 86_400));
    let expired = expired.report(Vec::new(), house.now());
    house
        .send(&expired.record.bytes)
        .await
        .expect(422)
        .refused("bad_authorization");
    // What is refused uses up nothing; and the same bytes get the same answer.
    let first = house.report(&anna, &["one"]);
    let answer = house.send(&first.record.bytes).await.expect(201);
    assert_eq!(house.send(&first.record.bytes).await.expect(201).body, answer.body);
    house
        .send(&house.report(&anna, &["two"]).record.bytes)
        .await
        .expect(201);
    let third = house.report(&anna, &["three"]);
    house
        .send(&third.record.bytes)
        .await
        .expect(429)
        .refused("rate_limited");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    house.send(&third.record.bytes).await.expect(201);
}

#[tokio::test]
async fn lines_are_gone_after_a_year() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.tell(&house.report(&anna, &["one"])).await;
    house.pass(366 * 86_400);
    house.ledger.forget_lines().await.unwrap();
    assert_eq!(
        page(&house.accesses(&anna.state.consent, "", &house.brand_token).await).accesses,
        []
    );
}
