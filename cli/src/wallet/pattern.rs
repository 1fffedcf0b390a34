//! How a person names what she takes back: `clause 2`, or `PURPOSE / DIMENSION / VALUE`.

use anyhow::{Context as _, Result, bail};
use placet_schemas::narrowing::Pattern;
use placet_schemas::scope::Scope;

/// What separates the parts. The spaces belong to it: an IRI has slashes too.
const SEPARATOR: &str = " / ";
/// What stands for every purpose.
const EVERY: &str = "*";

/// Reads a pattern. `clause N` is the clause that `placet wallet show` numbers so; a purpose is its IRI, the last part of
/// it, or `*` for all; a dimension is `category`, `processing`, `delivery`, `third-party` or `transfer`.
pub(super) fn parse(text: &str, scope: &Scope) -> Result<Pattern> {
    let text = text.trim();
    if let Some(number) = text.strip_prefix("clause ") {
        return clause(number, scope);
    }
    let parts: Vec<&str> = text.split(SEPARATOR).map(str::trim).collect();
    let [purpose, dimension, value] = parts[..] else {
        bail!("{text}: a pattern is `clause N`, or `PURPOSE / DIMENSION / VALUE`");
    };
    let dimension = match dimension {
        "category" | "categories" => "categories",
        "processing" => "processing",
        "delivery" => "delivery",
        "third-party" => "thirdParty",
        "transfer" => "transfer",
        _ => bail!("{dimension}: a dimension is category, processing, delivery, third-party or transfer"),
    };
    let wire = serde_json::json!({
        "purpose": named(purpose.strip_prefix("purpose:").unwrap_or(purpose), scope)?,
        "dimension": dimension,
        "value": value,
    });
    serde_json::from_value(wire).with_context(|| format!("the pattern {text}"))
}

fn clause(number: &str, scope: &Scope) -> Result<Pattern> {
    let all = scope.clauses();
    let found = number
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|n| all.get(n.checked_sub(1)?));
    let found = found.with_context(|| format!("clause {number}: the consent has clauses 1 to {}", all.len()))?;
    Ok(Pattern::Clause(Box::new(found.clone())))
}

/// The IRI of a purpose that is named in full or by its last part.
fn named(purpose: &str, scope: &Scope) -> Result<String> {
    if purpose == EVERY {
        return Ok(EVERY.to_owned());
    }
    let mut found: Vec<&str> = scope
        .clauses()
        .iter()
        .map(|clause| clause.purpose.id.as_str())
        .filter(|iri| *iri == purpose || iri.rsplit(['/', '#', ':']).next() == Some(purpose))
        .collect();
    found.dedup();
    match found[..] {
        [iri] => Ok(iri.to_owned()),
        [] => bail!("the consent has no purpose {purpose}"),
        _ => bail!("more than one purpose ends in {purpose}: write it in full"),
    }
}

#[cfg(test)]
mod tests {
    use placet_schemas::narrowing::Value;

    use super::*;

    fn scope() -> Scope {
        let clause = |purpose: &str| {
            serde_json::json!({
                "purpose": {"id": purpose, "isA": "dpv:DirectMarketing", "text": {"en": "Mail."}, "channels": []},
                "categories": ["pd:EmailAddress", "pd:Name"], "processing": ["dpv:Use"], "delivery": ["copy"],
                "retention": "P1Y"
            })
        };
        let clauses = ["https://a.example/p/mail", "https://a.example/p/gifts"].map(clause);
        let clauses = serde_json::from_value(serde_json::Value::from(clauses.to_vec())).unwrap();
        Scope::new(clauses).unwrap()
    }

    #[test]
    fn a_clause_is_named_by_its_number() {
        let scope = scope();
        let Pattern::Clause(found) = parse("clause 2", &scope).unwrap() else {
            panic!()
        };
        assert_eq!(*found, scope.clauses()[1]);
        for bad in ["clause 0", "clause 3", "clause x"] {
            assert!(parse(bad, &scope).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_is_named_within_a_purpose_or_in_all() {
        let scope = scope();
        let name = Value::Category("pd:Name".parse().unwrap());
        let all = Pattern::Value {
            purpose: None,
            value: name.clone(),
        };
        assert_eq!(parse("* / category / pd:Name", &scope).unwrap(), all);
        let mail = Some("https://a.example/p/mail".parse().unwrap());
        let one = Pattern::Value {
            purpose: mail,
            value: name,
        };
        for text in [
            "mail / category / pd:Name",
            "purpose:https://a.example/p/mail / categories / pd:Name",
        ] {
            assert_eq!(parse(text, &scope).unwrap(), one, "{text}");
        }
        for bad in [
            "mail / colour / red",
            "post / category / pd:Name",
            "mail / category / pd:Nonsense",
            "mail",
        ] {
            assert!(parse(bad, &scope).is_err(), "{bad}");
        }
    }
}
