//! What a verifier asks of a receipt, in DCQL (OpenID4VP 1.0 section 6): as much of it as says something about a receipt. What
//! narrows a query in a way that is not understood here would be answered with more than was asked, so it is refused.

use anyhow::{Result, bail};
use placet_schemas::credential::sd_jwt::{RECEIPT_VCT, SD_JWT_VC_TYP};
use serde::Deserialize;
use serde_json::Value;

/// Members of a receipt that whoever sees any of it sees.
const ALWAYS_SHOWN: [&str; 13] = [
    "vct",
    "iss",
    "iat",
    "exp",
    "cnf",
    "status",
    "version",
    "consent",
    "record",
    "request",
    "controllers",
    "notice",
    "language",
];

/// The query.
#[derive(Deserialize)]
pub(super) struct Query {
    credentials: Vec<CredentialQuery>,
    credential_sets: Option<Value>,
}

#[derive(Deserialize)]
struct CredentialQuery {
    id: String,
    format: String,
    meta: Value,
    multiple: Option<bool>,
    claim_sets: Option<Value>,
    trusted_authorities: Option<Value>,
    #[serde(default)]
    claims: Vec<ClaimQuery>,
}

#[derive(Deserialize)]
struct ClaimQuery {
    path: Vec<Value>,
    values: Option<Vec<Value>>,
}

/// What is wanted of a receipt.
pub(super) struct Wanted<'a> {
    /// Under which name it is presented.
    pub(super) id: &'a str,
    parts: Vec<Part<'a>>,
}

#[derive(Debug, PartialEq)]
enum Part<'a> {
    /// A member that can be withheld.
    Member(&'a str),
    /// Clauses: all, or those that have one of the values at this place.
    Clauses(Vec<&'a str>, Option<&'a [Value]>),
}

impl<'a> Wanted<'a> {
    /// What the query wants, where that is one receipt.
    pub(super) fn of(query: &'a Query) -> Result<Self> {
        let [only] = query.credentials.as_slice() else {
            bail!("the verifier asks for more than a receipt");
        };
        let types = only.meta["vct_values"].as_array();
        let is_ours = types.is_some_and(|types| types.iter().any(|one| one == RECEIPT_VCT));
        if only.format != SD_JWT_VC_TYP || !is_ours {
            bail!("the verifier asks for something else than a consent receipt as {SD_JWT_VC_TYP}");
        }
        let strange = [
            ("credential_sets", query.credential_sets.is_some()),
            ("claim_sets", only.claim_sets.is_some()),
            ("trusted_authorities", only.trusted_authorities.is_some()),
            ("multiple", only.multiple == Some(true)),
        ];
        if let Some((name, _)) = strange.iter().find(|(_, is_there)| *is_there) {
            bail!("the verifier asks with {name}, which this wallet does not understand; nothing was sent");
        }
        let parts = only.claims.iter().filter_map(|claim| part(claim).transpose());
        Ok(Self {
            id: &only.id,
            parts: parts.collect::<Result<_>>()?,
        })
    }

    /// Whether something that can be withheld is asked for: a member by its name, or a clause.
    pub(super) fn asks(&self, name: Option<&str>, value: &Value) -> bool {
        self.parts.iter().any(|part| match (name, part) {
            (Some(name), Part::Member(asked)) => name == *asked,
            (None, Part::Clauses(place, values)) => {
                let found = place.iter().try_fold(value, |value, member| value.get(member));
                found.is_some_and(|found| values.is_none_or(|values| values.contains(found)))
            }
            _ => false,
        })
    }
}

/// What one path of a query is about; nothing where that is shown anyway.
fn part(claim: &ClaimQuery) -> Result<Option<Part<'_>>> {
    let strange = || {
        let path = Value::from(claim.path.clone());
        anyhow::anyhow!("the verifier asks for {path}, which a receipt does not have so; nothing was sent")
    };
    let step = |at: usize| claim.path.get(at).and_then(Value::as_str);
    let unvalued = claim.values.is_none();
    match (step(0), claim.path.len()) {
        (Some("sub"), 1) if unvalued => Ok(Some(Part::Member("sub"))),
        (Some("evidence"), 1) if unvalued => Ok(Some(Part::Member("salt"))),
        (Some("evidence"), 2) if unvalued && step(1) == Some("salt") => Ok(Some(Part::Member("salt"))),
        (Some("evidence"), 2) if unvalued && step(1).is_some() => Ok(None),
        (Some("scope"), 1) if unvalued => Ok(Some(Part::Clauses(Vec::new(), None))),
        (Some("scope"), _) if claim.path[1].is_null() => {
            let place: Option<Vec<&str>> = claim.path[2..].iter().map(Value::as_str).collect();
            let place = place.ok_or_else(strange)?;
            Ok(Some(Part::Clauses(place, claim.values.as_deref())))
        }
        (Some(name), _) if unvalued && ALWAYS_SHOWN.contains(&name) => Ok(None),
        _ => Err(strange()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn query(claims: &Value) -> Value {
        json!({"credentials": [{"id": "receipt", "format": SD_JWT_VC_TYP, "meta": {"vct_values": [RECEIPT_VCT]},
            "claims": claims}]})
    }

    fn read(query: &Value) -> Query {
        serde_json::from_value(query.clone()).unwrap()
    }

    #[test]
    fn what_is_asked_for_is_what_is_shown() {
        let (mail, seats) = (json!({"purpose": {"id": "mail"}}), json!({"purpose": {"id": "seats"}}));
        for (claims, sub, salt, clauses) in [
            (json!([]), false, false, [false, false]),
            (
                json!([{"path": ["sub"]}, {"path": ["iss"]}]),
                true,
                false,
                [false, false],
            ),
            (json!([{"path": ["evidence", "salt"]}]), false, true, [false, false]),
            (json!([{"path": ["evidence", "logSize"]}]), false, false, [false, false]),
            (json!([{"path": ["scope"]}]), false, false, [true, true]),
            (json!([{"path": ["scope", null]}]), false, false, [true, true]),
            (
                json!([{"path": ["scope", null, "purpose", "id"], "values": ["mail", "x"]}]),
                false,
                false,
                [true, false],
            ),
            (
                json!([{"path": ["scope", null, "purpose", "none"]}]),
                false,
                false,
                [false, false],
            ),
        ] {
            let asked = read(&query(&claims));
            let wanted = Wanted::of(&asked).unwrap();
            let of = |name| wanted.asks(Some(name), &Value::Null);
            let shown = [&mail, &seats].map(|clause| wanted.asks(None, clause));
            assert_eq!((of("sub"), of("salt"), shown), (sub, salt, clauses), "{claims}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_answered() {
        for claims in [
            json!([{"path": ["scope", 0]}]),
            json!([{"path": ["scope", 0, "purpose"]}]),
            json!([{"path": ["scope", null, 1]}]),
            json!([{"path": ["scope", null, null]}]),
            json!([{"path": ["scope", "purpose"]}]),
            json!([{"path": ["sub"], "values": ["did:key:z"]}]),
            json!([{"path": ["iss"], "values": ["did:web:x"]}]),
            json!([{"path": ["x", "sub"]}]),
            json!([{"path": ["telephone"]}]),
            json!([{"path": [null]}]),
            json!([{"path": []}]),
        ] {
            assert!(Wanted::of(&read(&query(&claims))).is_err(), "{claims}");
        }
        let plain = query(&json!([{"path": ["sub"]}]));
        let with = |place: &str, value: Value| {
            let mut asked = plain.clone();
            *asked.pointer_mut(place).unwrap() = value;
            Wanted::of(&read(&asked)).map(|_| ()).unwrap_err().to_string()
        };
        let one = plain["credentials"][0].clone();
        assert!(with("/credentials", json!([one, one])).contains("more than a receipt"));
        assert!(with("/credentials/0/meta", json!({})).contains("something else"));
        assert!(with("/credentials/0/format", json!("mso_mdoc")).contains("something else"));
        for (place, name, value) in [
            ("", "credential_sets", json!([])),
            ("/credentials/0", "claim_sets", json!([["a"]])),
            ("/credentials/0", "trusted_authorities", json!([])),
            ("/credentials/0", "multiple", json!(true)),
        ] {
            let mut object = plain.pointer(place).unwrap().clone();
            object[name] = value;
            let asked = match place {
                "" => object,
                _ => {
                    let mut asked = plain.clone();
                    *asked.pointer_mut(place).unwrap() = object;
                    asked
                }
            };
            let refused = Wanted::of(&read(&asked)).map(|_| ()).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }
}
