//! What is sent: AuthZEN requests in their canonical form, so that their digest is that of the bytes.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::authzen::{Asked, Question, Semantic, Whom};
use placet_schemas::id::Digest;
use placet_schemas::json;
use serde_json::{Map, Value, json};

use crate::error::AskError;

/// A nonce has this many random bytes: nobody has seen an answer to it before.
const NONCE_BYTES: usize = 16;

/// One request, and by what its answer is recognised.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) document: Value,
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub(crate) digest: Digest,
    pub(crate) nonce: String,
}

impl Request {
    pub(crate) fn new(question: &Question) -> Result<Self, AskError> {
        let nonce = nonce()?;
        let document = document(question, &nonce);
        let bytes = json::to_jcs(&document).map_err(|_| AskError::Unwritable)?;
        Ok(Self {
            digest: Digest::of(&bytes),
            document,
            bytes,
            nonce,
        })
    }
}

/// The body of a call that asks all of them.
pub(crate) fn all(requests: &[Request], semantic: Semantic) -> Result<Vec<u8>, AskError> {
    let documents: Vec<&Value> = requests.iter().map(|request| &request.document).collect();
    let semantic = match semantic {
        Semantic::ExecuteAll => "execute_all",
        Semantic::DenyOnFirstDeny => "deny_on_first_deny",
        Semantic::PermitOnFirstPermit => "permit_on_first_permit",
    };
    let body = json!({"evaluations": documents, "options": {"evaluations_semantic": semantic}});
    json::to_jcs(&body).map_err(|_| AskError::Unwritable)
}

fn document(question: &Question, nonce: &str) -> Value {
    let Question {
        controller,
        whom,
        asked,
    } = question;
    let Asked {
        purpose,
        categories,
        processing,
        delivery,
        third_party,
        transfer,
    } = asked;
    let mut properties = Map::from_iter([("delivery".to_owned(), json!(delivery))]);
    if let Some(third_party) = third_party {
        properties.insert("thirdParty".to_owned(), json!(third_party));
    }
    if let Some(transfer) = transfer {
        properties.insert("transfer".to_owned(), json!(transfer));
    }
    let (kind, id) = match whom {
        Whom::Customer(reference) => ("customer", reference.as_str()),
        Whom::Person(did) => ("personal_data", did.as_str()),
    };
    json!({
        "subject": {"type": "controller", "id": controller},
        "action": {"name": processing, "properties": properties},
        "resource": {"type": kind, "id": id, "properties": {"categories": categories}},
        "context": {"purpose": purpose, "nonce": nonce},
    })
}

fn nonce() -> Result<String, AskError> {
    let mut bytes = [0; NONCE_BYTES];
    #[expect(
        clippy::disallowed_methods,
        reason = "a nonce is of use only when nobody can foresee it, and the caller has no better source"
    )]
    getrandom::fill(&mut bytes).map_err(|_| AskError::Random)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

#[cfg(test)]
mod tests {
    use placet_schemas::authzen;
    use placet_schemas::scope::Delivery;

    use super::*;

    #[test]
    fn the_verifiers_reader_reads_the_question_that_was_written() {
        for whom in [
            Whom::Customer("C-10042".parse().unwrap()),
            Whom::Person(
                "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
                    .parse()
                    .unwrap(),
            ),
        ] {
            for (third_party, transfer) in [
                (None, None),
                (
                    Some("https://mailer.example/".parse().unwrap()),
                    Some("US".parse().unwrap()),
                ),
            ] {
                let question = Question {
                    controller: "did:web:cinema.example".parse().unwrap(),
                    whom: whom.clone(),
                    asked: Asked {
                        purpose: "https://cinema.example/purposes/news".parse().unwrap(),
                        categories: serde_json::from_str(r#"["pd:EmailAddress","pd:Interest"]"#).unwrap(),
                        processing: serde_json::from_str(r#""dpv:Use""#).unwrap(),
                        delivery: Delivery::Copy,
                        third_party,
                        transfer,
                    },
                };
                let request = Request::new(&question).unwrap();
                let read = authzen::evaluation(&request.bytes).unwrap();
                assert_eq!(read.question.unwrap(), question);
                assert_eq!(read.digest, request.digest);
                assert_eq!(read.nonce.unwrap().as_str(), request.nonce);
                let bytes = all(&[request], Semantic::DenyOnFirstDeny).unwrap();
                let authzen::Evaluations::Many(many, semantic) = authzen::evaluations(&bytes).unwrap() else {
                    panic!("several")
                };
                assert_eq!(many[0].question.as_ref().unwrap(), &question);
                assert_eq!(many[0].digest, read.digest);
                assert_eq!(semantic, Semantic::DenyOnFirstDeny);
            }
        }
    }

    #[test]
    fn no_two_questions_have_the_same_nonce() {
        assert_ne!(nonce().unwrap(), nonce().unwrap());
    }
}
