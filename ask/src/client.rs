//! The calls.

use core::fmt;
use std::net::IpAddr;
use std::time::Duration;

use placet_kernel::decision::MAX_VALID_FOR_SECONDS;
use placet_schemas::api::{MAX_REPORTED, ReportAccesses, Reported, ReportedAccess};
use placet_schemas::authzen::{EvaluationAnswer, MAX_EVALUATIONS, Question, Semantic};
use placet_schemas::id::Did;
use placet_schemas::json;
use ureq::Agent;
use ureq::http::Uri;

use crate::answer::{self, Decision};
use crate::body::{self, Request};
use crate::error::AskError;

/// How long a decision may take, with everything: as long as a permit is good for, since a later one would be of no use.
pub const DECISION_TIMEOUT: Duration = Duration::from_secs(MAX_VALID_FOR_SECONDS);
/// How long a report may take: it is on the verifier's disk when it is answered.
pub const REPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer to one question that is read, in bytes: what is signed, and the same in plain.
pub const MAX_ANSWER_BYTES: u64 = 256 * 1024;
/// Largest answer to several.
pub const MAX_ANSWERS_BYTES: u64 = 8 * 1024 * 1024;
/// Most idle connections that are kept for the next question.
pub const MAX_IDLE_CONNECTIONS: usize = 16;
/// How long an idle connection is kept: less than the verifier keeps it.
pub const MAX_IDLE: Duration = Duration::from_secs(10);

/// A brand's service that asks its verifier. Cheap to clone; clones share their connections. One is enough for a process.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    /// The `Authorization` header.
    token: Option<String>,
    pinned: Option<Did>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .field("pinned", &self.pinned)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// For the verifier on this machine, such as `http://127.0.0.1:8439`.
    ///
    /// # Errors
    /// [`AskError::Address`]: when it is no such address, or one of another machine (see [`Client::across`]).
    pub fn new(url: &str) -> Result<Self, AskError> {
        let client = Self::across(url)?;
        if !client.is_local() {
            return Err(AskError::Address {
                url: url.to_owned(),
                why: "it is another machine's, and nothing here is encrypted; say Client::across if that is as it should be",
            });
        }
        Ok(client)
    }

    /// For a verifier across a network that is trusted as this machine is, such as that of a pod: whoever listens there reads
    /// the customers' references and the token.
    ///
    /// # Errors
    /// [`AskError::Address`].
    pub fn across(url: &str) -> Result<Self, AskError> {
        let wrong = |why| AskError::Address {
            url: url.to_owned(),
            why,
        };
        let parsed: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        match parsed.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("this client has no TLS; the verifier is to be a sidecar")),
            _ => return Err(wrong("it begins with http://")),
        }
        if parsed
            .authority()
            .is_none_or(|authority| authority.as_str().contains('@'))
            || parsed.query().is_some()
        {
            return Err(wrong("it has a host, no user and no query"));
        }
        // Neither a proxy of the environment nor a redirect may lead a question elsewhere.
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS)
            .max_idle_age(MAX_IDLE)
            .user_agent(concat!("placet-ask/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            url: url.trim_end_matches('/').to_owned(),
            token: None,
            pinned: None,
        })
    }

    /// Shows the verifier's token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self {
            token: Some(format!("Bearer {token}")),
            ..self
        }
    }

    /// Believes this verifier alone.
    #[must_use]
    pub fn pinned(self, verifier: Did) -> Self {
        Self {
            pinned: Some(verifier),
            ..self
        }
    }

    /// Whether it is permitted, now. Whatever goes wrong, it is not.
    #[must_use]
    pub fn permits(&self, question: &Question) -> bool {
        self.decide(question).is_permit()
    }

    /// The permit, or why there is none. Whatever goes wrong is a deny.
    pub fn decide(&self, question: &Question) -> Decision {
        self.evaluate(question).into()
    }

    /// The verifier's answer, checked.
    ///
    /// # Errors
    /// [`AskError`]: there is no answer that counts, which is no permit.
    pub fn evaluate(&self, question: &Question) -> Result<EvaluationAnswer, AskError> {
        let request = Request::new(question)?;
        let bytes = self.call(
            "/access/v1/evaluation",
            &request.bytes,
            DECISION_TIMEOUT,
            MAX_ANSWER_BYTES,
        )?;
        answer::one(&bytes, bytes.len(), &request, question, self.pinned.as_ref())
    }

    /// Answers to several questions in one call, at most [`MAX_EVALUATIONS`], each checked, in their order; with a `semantic`
    /// that ends at the first deny or permit there may be fewer. A question without an answer is not permitted.
    ///
    /// # Errors
    /// [`AskError`]: one of them does not count, so that none does.
    pub fn evaluate_all(&self, questions: &[Question], semantic: Semantic) -> Result<Vec<EvaluationAnswer>, AskError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        if questions.len() > MAX_EVALUATIONS {
            return Err(AskError::TooMany { most: MAX_EVALUATIONS });
        }
        let requests = questions.iter().map(Request::new).collect::<Result<Vec<_>, _>>()?;
        let body = body::all(&requests, semantic)?;
        let bytes = self.call("/access/v1/evaluations", &body, DECISION_TIMEOUT, MAX_ANSWERS_BYTES)?;
        let asked: Vec<_> = requests.into_iter().zip(questions).collect();
        answer::several(&bytes, bytes.len(), &asked, self.pinned.as_ref())
    }

    /// Reports what was really done, at most [`MAX_REPORTED`] accesses. They are on the verifier's disk when this returns. To
    /// report again after an error may report twice, which is said so: never leave one out.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn report(&self, accesses: &[ReportedAccess]) -> Result<Reported, AskError> {
        if accesses.len() > MAX_REPORTED {
            return Err(AskError::TooMany { most: MAX_REPORTED });
        }
        let accesses = accesses.to_vec();
        let body = json::to_jcs(&ReportAccesses { accesses }).map_err(|_| AskError::Unwritable)?;
        let bytes = self.call("/access/v1/reports", &body, REPORT_TIMEOUT, MAX_ANSWER_BYTES)?;
        answer::read(&bytes, bytes.len())
    }

    fn is_local(&self) -> bool {
        let host = self
            .url
            .parse::<Uri>()
            .ok()
            .and_then(|url| url.host().map(str::to_owned));
        host.is_some_and(|host| {
            let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
        })
    }

    fn call(&self, path: &str, body: &[u8], within: Duration, most: u64) -> Result<Vec<u8>, AskError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .config()
            .timeout_global(Some(within))
            .build()
            .header("Content-Type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", token);
        }
        let mut response = request.send(body).map_err(|error| failed(error, most))?;
        let status = response.status().as_u16();
        let bytes = response.body_mut().with_config().limit(most).read_to_vec();
        let bytes = bytes.map_err(|error| failed(error, most))?;
        match status {
            200 => Ok(bytes),
            status => Err(answer::refusal(status, &bytes)),
        }
    }
}

fn failed(error: ureq::Error, most: u64) -> AskError {
    match error {
        ureq::Error::Timeout(_) => AskError::Slow,
        ureq::Error::BodyExceedsLimit(_) => AskError::TooLong { most },
        error => AskError::Unreachable(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_is_taken_unless_it_is_said_otherwise() {
        for url in ["http://127.0.0.1:8439", "http://localhost:8439/", "http://[::1]:1"] {
            assert!(Client::new(url).is_ok(), "{url}");
        }
        for url in [
            "https://127.0.0.1:8439",
            "http://user@127.0.0.1:8439",
            "http://127.0.0.1:8439/?x=1",
            "http://verifier:8439",
            "http://127.0.0.1.example:80",
            "127.0.0.1:8439",
            "",
        ] {
            assert_eq!(Client::new(url).unwrap_err().code(), "address", "{url}");
        }
        assert!(Client::across("http://verifier:8439").is_ok());
    }

    #[test]
    fn the_token_is_in_no_debug_output() {
        let client = Client::new("http://127.0.0.1:1").unwrap().with_token("secret");
        assert!(!format!("{client:?}").contains("secret"));
    }
}
