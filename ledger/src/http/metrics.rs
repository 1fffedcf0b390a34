//! What the node counts about its own calls.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::{Pulse, WitnessPulse};

/// Upper bounds of the latency buckets, in seconds. The default tick is 0.1 s.
const LATENCY_SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.2, 0.4, 1.0, 5.0, 30.0];

/// Which calls are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    route: String,
    status: u16,
}

/// The counters of one node.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    seconds: Histogram,
    running: Gauge,
    size: Gauge<u64, AtomicU64>,
    published_size: Gauge<u64, AtomicU64>,
    commit_failures: Counter,
    publish_failures: Counter,
    witness_size: Family<OfWitness, Gauge<u64, AtomicU64>>,
    witness_failures: Family<OfWitness, Counter>,
    guard: Gauge,
    streams: Gauge,
    stream_events: Counter,
}

/// Which witness: they are in the settings, so there are few.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWitness {
    witness: String,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("placet_ledger"),
            calls: Family::default(),
            seconds: Histogram::new(LATENCY_SECONDS),
            running: Gauge::default(),
            size: Gauge::default(),
            published_size: Gauge::default(),
            commit_failures: Counter::default(),
            publish_failures: Counter::default(),
            witness_size: Family::default(),
            witness_failures: Family::default(),
            guard: Gauge::default(),
            streams: Gauge::default(),
            stream_events: Counter::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        self.registry
            .register("http_requests", "Calls, by route template", self.calls.clone());
        self.registry.register_with_unit(
            "http_request",
            "Time to answer a call",
            Unit::Seconds,
            self.seconds.clone(),
        );
        self.registry.register(
            "http_requests_running",
            "Calls that are being answered",
            self.running.clone(),
        );
        self.registry
            .register("log_size", "Records in the log", self.size.clone());
        self.registry.register(
            "published_size",
            "Records in the published log",
            self.published_size.clone(),
        );
        self.registry.register(
            "commit_failures",
            "Batches that were not committed and answered",
            self.commit_failures.clone(),
        );
        self.registry.register(
            "publish_failures",
            "Times that the log was not published",
            self.publish_failures.clone(),
        );
        self.registry.register(
            "witness_size",
            "Records in the largest checkpoint that the witness cosigned",
            self.witness_size.clone(),
        );
        self.registry.register(
            "witness_failures",
            "Times that the witness gave no cosignature",
            self.witness_failures.clone(),
        );
        self.registry.register(
            "may_sign",
            "1 while what is stored is known to be the newest state of the log, else 0",
            self.guard.clone(),
        );
        self.registry
            .register("feed_streams", "Streams of feeds that are open", self.streams.clone());
        self.registry.register(
            "feed_events",
            "Events that were made for streams of feeds",
            self.stream_events.clone(),
        );
        self
    }

    /// A call has begun.
    pub(super) fn begin(&self) {
        self.running.inc();
    }

    /// A call has been answered.
    pub(super) fn end(&self, method: &Method, route: &str, status: u16, took: Duration) {
        self.running.dec();
        let call = Call {
            method: known(method),
            route: route.to_owned(),
            status,
        };
        self.calls.get_or_create(&call).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A stream has begun.
    pub(super) fn stream_opened(&self) {
        self.streams.inc();
    }

    /// A stream has an event more.
    pub(super) fn stream_event(&self) {
        self.stream_events.inc();
    }

    /// A stream has ended.
    pub(super) fn stream_closed(&self) {
        self.streams.dec();
    }

    /// Everything, in OpenMetrics text.
    pub(super) fn encode(&self, pulse: &Pulse) -> Result<String, fmt::Error> {
        self.size.set(pulse.size);
        self.published_size.set(pulse.published_size);
        // Counted by the ledger, and shown here: they only grow there, too.
        self.commit_failures
            .inner()
            .store(pulse.commit_failures, Ordering::Relaxed);
        self.publish_failures
            .inner()
            .store(pulse.publish_failures, Ordering::Relaxed);
        for WitnessPulse { name, size, failures } in &pulse.witnesses {
            let of = OfWitness { witness: name.clone() };
            self.witness_size.get_or_create(&of).set(*size);
            let counted = self.witness_failures.get_or_create(&of);
            counted.inner().store(*failures, Ordering::Relaxed);
        }
        self.guard.set(i64::from(pulse.may_sign));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Anyone can make methods up, and every label value costs memory for as long as the process lives.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
