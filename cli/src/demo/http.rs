//! Plain HTTP, as any integrator would send it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::system;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer that is read.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;

/// An HTTP client.
pub(super) struct Http(ureq::Agent);

/// What came back.
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: String,
    /// How long it took.
    pub(super) took: Duration,
}

impl Http {
    /// A client. It uses no proxy: the node is on this machine, whatever the environment says.
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder();
        let config = config
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None);
        Self(config.build().into())
    }

    /// Gets.
    pub(super) fn get(&self, url: &str) -> Result<Answer> {
        self.get_with(url, &[])
    }

    /// Gets, with headers.
    pub(super) fn get_with(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let start = system::instant();
        let mut request = self.0.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.call().with_context(|| format!("no answer from {url}"))?;
        read(response, url, start)
    }

    /// Gets bytes.
    pub(super) fn get_bytes(&self, url: &str) -> Result<Vec<u8>> {
        let mut response = self
            .0
            .get(url)
            .call()
            .with_context(|| format!("no answer from {url}"))?;
        if !response.status().is_success() {
            bail!("{url} answers {}", response.status());
        }
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        body.with_context(|| format!("the answer of {url} breaks off"))
    }

    /// Posts JSON, byte for byte.
    pub(super) fn post(&self, url: &str, body: &str) -> Result<Answer> {
        let start = system::instant();
        let request = self.0.post(url).header("Content-Type", "application/json");
        let response = request.send(body).with_context(|| format!("no answer from {url}"))?;
        read(response, url, start)
    }
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("the answer {} is no JSON", self.status))
    }

    /// The code of a refusal (RFC 9457 problem details), or what came in its place.
    pub(super) fn code(&self) -> String {
        let problem = self.json().ok();
        let code = problem.as_ref().and_then(|problem| problem["code"].as_str());
        code.map_or_else(|| format!("status {}", self.status), str::to_owned)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>, url: &str, start: std::time::Instant) -> Result<Answer> {
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
    Ok(Answer {
        status: response.status().as_u16(),
        body: body.with_context(|| format!("the answer of {url} breaks off"))?,
        took: start.elapsed(),
    })
}
