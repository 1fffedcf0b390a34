//! A typed client of a ledger's HTTP interface. It believes nothing: what matters is judged by the kernel afterwards.

mod consumer;
mod routes;
mod server;

use std::time::Duration;

use hyper::Method;
use placet_schemas::api::problem::Problem;
use placet_schemas::json;
use placet_schemas::statement::{Signed, WithdrawalReceived};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use placet_client::{Answer, Call, MAX_ANSWER_BYTES, Server, Silence, exchange};
pub(crate) use routes::FeedQuery;
pub(crate) use server::ServerArgs;

/// A client, with a token or without.
#[derive(Clone)]
pub(crate) struct Client {
    server: Server,
    token: Option<Zeroizing<String>>,
}

/// Why a call came to nothing. `Display` is one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The ledger refused.
    #[error("{}", one_line(.0))]
    Problem(Box<Problem>),
    /// The ledger keeps a withdrawal that it cannot record yet.
    #[error("{}", received(.0))]
    Received(Box<Signed<WithdrawalReceived>>),
    /// There was no answer. It may have been recorded all the same: the same bytes may be sent again.
    #[error("no answer from {url}: {why}")]
    NoAnswer {
        /// The ledger.
        url: String,
        /// What went wrong.
        why: String,
        /// Whether the ledger may have heard the question.
        sent: bool,
    },
    /// The answer is none that a ledger gives.
    #[error("{url}{path}: this is no answer of a ledger: {why}")]
    Answer {
        /// The ledger.
        url: String,
        /// The path asked.
        path: String,
        /// What is wrong with the answer.
        why: String,
    },
}

impl ClientError {
    /// The ledger's code, where the ledger refused.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            Self::Received(_) | Self::NoAnswer { .. } | Self::Answer { .. } => None,
        }
    }

    /// Whether the same bytes, sent again, may be recorded, or may have been already.
    fn is_open(&self) -> bool {
        match self {
            Self::Problem(problem) => matches!(problem.code.as_str(), "unavailable" | "overloaded" | "timeout"),
            Self::NoAnswer { sent, .. } => *sent,
            Self::Received(_) | Self::Answer { .. } => false,
        }
    }
}

/// How long to wait before a record is sent again.
const RETRY_PAUSES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

impl Client {
    /// A client without a token.
    pub(crate) const fn new(server: Server) -> Self {
        Self { server, token: None }
    }

    /// The same ledger, with a token.
    pub(crate) fn with_token(&self, token: Zeroizing<String>) -> Self {
        Self {
            server: self.server.clone(),
            token: Some(token),
        }
    }

    /// The ledger's address.
    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    /// Asks for JSON.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let body = self.call(Method::GET, path, None).await?;
        self.decode(path, &body)
    }

    /// Asks for bytes.
    async fn get_bytes(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// Asks for a text.
    async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let body = self.get_bytes(path).await?;
        String::from_utf8(body).map_err(|_| self.nonsense(path, "it is not UTF-8"))
    }

    /// Sends JSON, is answered JSON.
    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let answer = self.post_for_bytes(path, body).await?;
        self.decode(path, &answer)
    }

    /// Sends JSON, is answered bytes.
    async fn post_for_bytes(&self, path: &str, body: &impl Serialize) -> Result<Vec<u8>, ClientError> {
        let body = json::to_jcs(body).map_err(|error| self.nonsense(path, error))?;
        self.call(Method::POST, path, Some(body)).await
    }

    /// Sends bytes as they are, is answered JSON.
    async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, ClientError> {
        let answer = self.call(Method::POST, path, Some(body)).await?;
        self.decode(path, &answer)
    }

    /// Sends a signed record. When nobody knows whether it was recorded, the same bytes go again: the ledger then gives its
    /// first answer, where a record signed anew would be another one.
    async fn post_record<T: DeserializeOwned>(&self, path: &str, record: &[u8]) -> Result<T, ClientError> {
        for pause in RETRY_PAUSES {
            match self.post_bytes(path, record.to_vec()).await {
                Err(error) if error.is_open() => tokio::time::sleep(pause).await,
                settled => return settled,
            }
        }
        self.post_bytes(path, record.to_vec()).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>, ClientError> {
        let token = self.token.as_ref().map(|token| token.as_str());
        let call = Call {
            method,
            path,
            token,
            body,
        };
        let answer = exchange(&self.server, call).await;
        let answer = answer.map_err(|Silence { why, sent }| ClientError::NoAnswer {
            url: self.url().to_owned(),
            why,
            sent,
        })?;
        self.accepted(path, answer)
    }

    fn accepted(&self, path: &str, answer: Answer) -> Result<Vec<u8>, ClientError> {
        match answer.status {
            // Only a withdrawal is answered so.
            202 => Err(ClientError::Received(Box::new(self.decode(path, &answer.body)?))),
            200..=299 => Ok(answer.body),
            status if answer.is_problem => {
                let problem: Problem = self.decode(path, &answer.body)?;
                if problem.status == status {
                    return Err(ClientError::Problem(Box::new(problem)));
                }
                Err(self.nonsense(path, "the status in the problem is not the status of the answer"))
            }
            status => Err(self.nonsense(path, format!("status {status}"))),
        }
    }

    fn decode<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClientError> {
        let document = json::parse(body, MAX_ANSWER_BYTES).map_err(|fault| self.nonsense(path, fault))?;
        json::decode(document.root()).map_err(|fault| self.nonsense(path, fault))
    }

    fn nonsense(&self, path: &str, why: impl ToString) -> ClientError {
        // Digests in paths are pseudonyms, but this goes to the one who asked.
        ClientError::Answer {
            url: self.url().to_owned(),
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

/// `code: detail at pointer (help)`.
fn one_line(problem: &Problem) -> String {
    let mut line = format!("{}: {}", problem.code, problem.detail);
    if let Some(pointer) = &problem.pointer {
        line.push_str(&format!(" at {pointer}"));
    }
    if let Some(help) = &problem.help {
        line.push_str(&format!(" ({help})"));
    }
    line
}

fn received(signed: &Signed<WithdrawalReceived>) -> String {
    let at = signed.statement.received_at;
    format!(
        "received at {at} and kept, by the operator's signed word; the log records it as soon as a witness confirms its state, \
         and gives the proof to whoever sends it again then"
    )
}

/// Percent-encodes a value of a query (RFC 3986 section 2.1): all but the unreserved characters.
pub(crate) fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use placet_schemas::api::problem::ProblemType;

    use super::*;

    #[test]
    fn a_refusal_is_one_line() {
        let problem = ProblemType::of("not_found").problem("nothing here", None);
        assert_eq!(one_line(&problem), "not_found: nothing here");
        let problem = ProblemType::of("malformed").problem("no", Some("/a".to_owned()));
        assert!(one_line(&problem).starts_with("malformed: no at /a (The pointer names"));
    }

    #[test]
    fn values_in_queries_are_encoded() {
        assert_eq!(encode("did:web:a.example%3A1"), "did%3Aweb%3Aa.example%253A1");
    }
}
