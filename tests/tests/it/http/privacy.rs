//! Neither the log nor a counter names anyone: no DID, no digest, no token, no code, no path.

use std::io::Write;
use std::sync::{Arc, Mutex};

use placet_schemas::id::Digest;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::house::House;

/// Keeps what is logged.
#[derive(Clone, Default)]
pub(super) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// All that was logged.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The runtime has one thread, so the subscriber of this thread sees all that the handlers and the sequencer say.
#[tokio::test(flavor = "current_thread")]
async fn logs_and_counters_name_no_one() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());

    let house = House::new().await;
    let anna = house.person("anna").await;
    let session = house.session(&anna.key).await;
    let consent = anna.state.consent.to_string();
    for path in [
        format!("/v1/consents/{consent}"),
        format!("/v1/consents/{consent}/evidence"),
        format!("/v1/records/{consent}/proof"),
    ] {
        house.get(&path).token(&session).send().await.expect(200);
    }
    house
        .get(&format!("/v1/feed?controller={}", house.brand.did))
        .token(&house.brand_token)
        .send()
        .await
        .expect(200);
    // Refusals and nonsense, whose details must not reach the log either.
    house
        .get(&format!("/nowhere/{consent}?did={}", anna.key.did()))
        .send()
        .await
        .expect(404);
    house.send(anna.key.did().as_str().as_bytes()).await.expect(400);
    house
        .get("/v1/consents")
        .token(anna.key.did().as_str())
        .send()
        .await
        .expect(401);
    let unknown = json!({ "code": placet_kernel::code::WithdrawalCode::from_random(house.fresh()).to_string() });
    house.post("/v1/withdrawals").json(&unknown).send().await.expect(404);
    house
        .post("/v1/withdrawals")
        .json(&json!({ "code": anna.code.to_string() }))
        .send()
        .await
        .expect(201);
    let metrics = house.get("/metrics").send().await.expect(200).text();
    drop(guard);

    let log = String::from_utf8(captured.bytes()).unwrap();
    assert!(
        log.contains("/v1/consents/{id}/evidence"),
        "nothing was captured: {log}"
    );
    assert!(metrics.contains("route=\"/v1/consents/{id}\""), "{metrics}");
    let notice: Digest = house.offer.notices[0].digest();
    let secrets = [
        consent,
        anna.key.did().to_string(),
        anna.state.withdrawal_key.to_string(),
        house.request.record.digest().to_string(),
        notice.to_string(),
        session,
        house.brand_token.clone(),
        house.operator_token.clone(),
        anna.code.to_string(),
        unknown["code"].as_str().unwrap().to_owned(),
        house.brand.did.to_string(),
        "did:".to_owned(),
        "nowhere".to_owned(),
    ];
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log:\n{log}");
        assert!(!metrics.contains(&secret), "{secret} is in the metrics:\n{metrics}");
    }
    assert!(metrics.contains("placet_ledger_log_size 4"), "{metrics}");
}
