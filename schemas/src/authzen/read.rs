//! Reading requests.

use core::str::FromStr;

use super::{
    Asked, Evaluation, Evaluations, MAX_CATEGORIES, MAX_EVALUATION_BYTES, MAX_EVALUATIONS, Question, Semantic, Wanted,
    Whom,
};
use crate::id::{Did, Digest};
use crate::json::{self, Fault, FaultCode, Node};
use crate::scope::Delivery;
use crate::text::{Set, SomeOf};
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// The entities of a request, in the order of their names.
const ENTITIES: [&str; 4] = ["action", "context", "resource", "subject"];
/// What asks.
const CONTROLLER: &str = "controller";
const CUSTOMER: &str = "customer";
const PERSONAL_DATA: &str = "personal_data";

/// Reads a body of `POST /access/v1/evaluation`.
///
/// # Errors
/// When it is no AuthZEN request, with the JSON pointer of the fault.
pub fn evaluation(bytes: &[u8]) -> Result<Evaluation, Fault> {
    let document = json::parse(bytes, MAX_EVALUATION_BYTES)?;
    single(document.root())
}

/// Reads a body of `POST /access/v1/evaluations`.
///
/// # Errors
/// When it is no AuthZEN request, with the JSON pointer of the fault.
pub fn evaluations(bytes: &[u8]) -> Result<Evaluations, Fault> {
    let document = json::parse(bytes, MAX_EVALUATION_BYTES)?;
    let root = document.root();
    let Some(node) = object(root, "")?.get("evaluations") else {
        return Ok(Evaluations::One(Box::new(single(root)?)));
    };
    let list = node
        .as_array()
        .ok_or_else(|| wrong("/evaluations", "evaluations is an array"))?;
    if list.is_empty() {
        return Ok(Evaluations::One(Box::new(single(root)?)));
    }
    if list.len() > MAX_EVALUATIONS {
        let message = format!("at most {MAX_EVALUATIONS} evaluations in one call");
        return Err(Fault::new("/evaluations", FaultCode::Oversize, message));
    }
    let semantic = semantic(root)?;
    let one = |(at, item): (usize, &Node<'_>)| {
        let place = format!("/evaluations/{at}");
        object(item, &place)?;
        // An entity of the item stands for the whole entity above: nothing is merged into it (section 7.1.1).
        let entities = ENTITIES.map(|name| match item.get(name) {
            Some(node) => Found {
                node: Some(node),
                place: format!("{place}/{name}"),
            },
            None => Found {
                node: root.get(name),
                place: format!("/{name}"),
            },
        });
        let digest = Digest::of(&canonical(&entities));
        read(entities, digest)
    };
    let all = list.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok(Evaluations::Many(all, semantic))
}

struct Found<'a, 'b> {
    node: Option<&'a Node<'b>>,
    place: String,
}

fn single(root: &Node<'_>) -> Result<Evaluation, Fault> {
    object(root, "")?;
    let entities = ENTITIES.map(|name| Found {
        node: root.get(name),
        place: format!("/{name}"),
    });
    read(entities, Digest::of(&root.to_jcs()))
}

/// The canonical object of the entities that are there.
fn canonical(entities: &[Found<'_, '_>; 4]) -> Vec<u8> {
    let members = ENTITIES
        .iter()
        .zip(entities)
        .filter_map(|(name, found)| Some((name, found.node?)));
    let mut bytes = vec![b'{'];
    for (name, node) in members {
        if bytes.len() > 1 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(format!("\"{name}\":").as_bytes());
        bytes.extend_from_slice(&node.to_jcs());
    }
    bytes.push(b'}');
    bytes
}

fn semantic(root: &Node<'_>) -> Result<Semantic, Fault> {
    let Some(options) = root.get("options") else {
        return Ok(Semantic::default());
    };
    let Some(node) = object(options, "/options")?.get("evaluations_semantic") else {
        return Ok(Semantic::default());
    };
    json::decode(node).map_err(|fault| Fault {
        pointer: "/options/evaluations_semantic".to_owned(),
        ..fault
    })
}

/// Reads the entities. What AuthZEN itself demands is an error; what this profile demands is in the result.
fn read([action, context, resource, subject]: [Found<'_, '_>; 4], digest: Digest) -> Result<Evaluation, Fault> {
    let (kind, id) = (text(&subject, "type")?, text(&subject, "id")?);
    let name = text(&action, "name")?;
    let resource_texts = (text(&resource, "type")?, text(&resource, "id")?);
    let properties = [&subject, &action, &resource].map(|found| properties(found));
    let [subject_properties, action_properties, resource_properties] = properties;
    let (_, action_properties, resource_properties) = (subject_properties?, action_properties?, resource_properties?);
    // Who asks is the brand. A person here would be answered about somebody else.
    if kind != CONTROLLER && id.starts_with("did:") {
        return Err(Fault::new(
            format!("{}/id", subject.place),
            FaultCode::InvalidValue,
            "the subject is who asks: {\"type\":\"controller\",\"id\":<the brand's DID>}; the person goes into the resource, \
             as personal_data with her DID or as customer with your own reference",
        ));
    }
    let context_node = context.node.map(|node| object(node, &context.place)).transpose()?;
    let nonce = member(context_node, &context.place, "nonce")?;
    let wanted: Option<Wanted> = member(context_node, &context.place, "evidence")?;
    let question = question(
        (kind, id, &subject.place),
        (name, action_properties, &action.place),
        (resource_texts, resource_properties, &resource.place),
        (context_node, &context.place),
    );
    Ok(Evaluation {
        digest,
        question,
        nonce,
        wanted: wanted.unwrap_or_default(),
    })
}

type Properties<'a, 'b> = Option<&'a Node<'b>>;

fn question(
    (kind, id, subject): (&str, &str, &str),
    (name, action, action_place): (&str, Properties<'_, '_>, &str),
    ((resource_kind, resource_id), resource, resource_place): ((&str, &str), Properties<'_, '_>, &str),
    (context, context_place): (Properties<'_, '_>, &str),
) -> Result<Question, Fault> {
    if kind != CONTROLLER {
        return Err(unclear(
            format!("{subject}/type"),
            "the subject is who asks: its type is controller",
        ));
    }
    let controller = Did::from_str(id).map_err(|error| unclear(format!("{subject}/id"), error))?;
    let processing = ProcessingTerm::try_from(name.to_owned());
    let processing = processing.map_err(|_| {
        let why = "the action is a processing operation of DPV, such as dpv:Use";
        unclear(format!("{action_place}/name"), why)
    })?;
    let place = format!("{action_place}/properties");
    only(action, &place, &["delivery", "thirdParty", "transfer"])?;
    let delivery: Option<Delivery> = member(action, &place, "delivery")?;
    let third_party = member(action, &place, "thirdParty")?;
    let transfer = member(action, &place, "transfer")?;
    let delivery =
        delivery.ok_or_else(|| missing(format!("{place}/delivery"), "say the delivery: copy or in-vault"))?;
    let whom = match resource_kind {
        CUSTOMER => resource_id.parse().map(Whom::Customer),
        PERSONAL_DATA => resource_id.parse().map(Whom::Person),
        _ => {
            let why = "the resource is a customer (your own reference) or personal_data (the person's pairwise DID)";
            return Err(unclear(format!("{resource_place}/type"), why));
        }
    };
    let whom = whom.map_err(|error| unclear(format!("{resource_place}/id"), error))?;
    let place = format!("{resource_place}/properties");
    only(resource, &place, &["categories"])?;
    let categories = categories(resource, &format!("{place}/categories"))?;
    let purpose = member(context, context_place, "purpose")?;
    let purpose = purpose.ok_or_else(|| {
        let why = "say the purpose: your own IRI of it, as the request names it";
        missing(format!("{context_place}/purpose"), why)
    })?;
    Ok(Question {
        controller,
        whom,
        asked: Asked {
            purpose,
            categories,
            processing,
            delivery,
            third_party,
            transfer,
        },
    })
}

/// The categories, in any order, each once.
fn categories(resource: Properties<'_, '_>, place: &str) -> Result<SomeOf<CategoryTerm>, Fault> {
    let node = resource.and_then(|node| node.get("categories"));
    let node = node.ok_or_else(|| missing(place.to_owned(), "say the categories of personal data"))?;
    let list = node
        .as_array()
        .ok_or_else(|| wrong(place, "the categories are an array"))?;
    if list.len() > MAX_CATEGORIES {
        let message = format!("at most {MAX_CATEGORIES} categories in one question");
        return Err(Fault::new(place, FaultCode::Oversize, message));
    }
    let one = |(at, node): (usize, &Node<'_>)| {
        let term = node
            .as_str()
            .and_then(|text| CategoryTerm::try_from(text.to_owned()).ok());
        term.ok_or_else(|| {
            unclear(
                format!("{place}/{at}"),
                "this is no category of DPV-PD, such as pd:Interest",
            )
        })
    };
    let terms = list.iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    SomeOf::new(Set::from_members(terms)).ok_or_else(|| missing(place.to_owned(), "name at least one category"))
}

/// A member that may be absent.
fn member<T: serde::de::DeserializeOwned>(
    object: Properties<'_, '_>,
    place: &str,
    name: &str,
) -> Result<Option<T>, Fault> {
    let Some(node) = object.and_then(|node| node.get(name)) else {
        return Ok(None);
    };
    let decoded = json::decode(node).map_err(|fault| Fault {
        pointer: format!("{place}/{name}{}", fault.pointer),
        ..fault
    });
    decoded.map(Some)
}

fn only(object: Properties<'_, '_>, place: &str, known: &[&str]) -> Result<(), Fault> {
    let members = object.and_then(|node| node.as_object()).unwrap_or_default();
    match members.iter().find(|member| !known.contains(&member.key.as_ref())) {
        Some(stranger) => {
            let message = format!("this property is not known here; known are {}", known.join(", "));
            let fault = Fault::new("", FaultCode::UnknownMember, message).under(&stranger.key);
            Err(Fault {
                pointer: format!("{place}{}", fault.pointer),
                ..fault
            })
        }
        None => Ok(()),
    }
}

fn text<'a>(found: &Found<'a, '_>, name: &str) -> Result<&'a str, Fault> {
    let entity = found
        .node
        .ok_or_else(|| missing(found.place.clone(), "AuthZEN demands this entity"))?;
    let place = format!("{}/{name}", found.place);
    let node = object(entity, &found.place)?.get(name);
    let node = node.ok_or_else(|| missing(place.clone(), "AuthZEN demands this member"))?;
    node.as_str().ok_or_else(|| wrong(&place, "this is a text"))
}

fn properties<'a, 'b>(found: &Found<'a, 'b>) -> Result<Properties<'a, 'b>, Fault> {
    let node = found.node.and_then(|entity| entity.get("properties"));
    node.map(|node| object(node, &format!("{}/properties", found.place)))
        .transpose()
}

fn object<'a, 'b>(node: &'a Node<'b>, place: &str) -> Result<&'a Node<'b>, Fault> {
    match node.as_object() {
        Some(_) => Ok(node),
        None => Err(wrong(place, "this is an object")),
    }
}

fn wrong(place: &str, message: &str) -> Fault {
    Fault::new(place, FaultCode::WrongType, message)
}

fn missing(place: String, message: &str) -> Fault {
    Fault::new(place, FaultCode::MissingMember, message)
}

fn unclear(place: String, why: impl ToString) -> Fault {
    Fault::new(place, FaultCode::InvalidValue, why.to_string())
}
