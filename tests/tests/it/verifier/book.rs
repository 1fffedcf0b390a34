//! The brand's book: imported, joined and divided, and what decisions make of it.

use serde_json::{Value, json};

use super::house::{House, SOON, call, codes};

fn rows(rows: &[(&str, &placet_schemas::id::Digest)]) -> Value {
    let row = |(customer, invitation): &(&str, &placet_schemas::id::Digest)| json!({"customer": customer, "invitation": invitation});
    json!({ "invitations": rows.iter().map(row).collect::<Vec<_>>() })
}

const IMPORT: &str = "/v1/customers/import";
const LOOK: &str = "/v1/customers/look";

#[test]
fn an_import_is_taken_twice_and_one_that_contradicts_is_refused_whole() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let invited: Vec<_> = house.shop.invite(&house.node, &house.request, 3);
    let [one, two, three] = [0, 1, 2].map(|at: usize| invited[at].digest());
    let first = rows(&[("C-one", &one), ("C-two", &two)]);
    assert_eq!(call(&verifier, IMPORT, &first), (200, json!({"added": 2, "known": 0})));
    assert_eq!(call(&verifier, IMPORT, &first), (200, json!({"added": 0, "known": 2})));
    // New rows do not slip in beside one that is another customer's, nor beside one that contradicts itself.
    for bad in [
        rows(&[("C-three", &three), ("C-one", &two)]),
        rows(&[("C-three", &three), ("C-four", &three)]),
    ] {
        let (status, said) = call(&verifier, IMPORT, &bad);
        assert!(
            status == 409 && said["detail"].as_str().unwrap().contains("another customer"),
            "{said}"
        );
        assert!(call(&verifier, LOOK, &json!({"customer": "C-three"})).0 == 404);
    }
    assert!(verifier.metric("customers") == 2.0);
    // So it is after a crash.
    verifier.kill();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    assert_eq!(call(&verifier, IMPORT, &first), (200, json!({"added": 0, "known": 2})));
    let (status, said) = call(&verifier, LOOK, &json!({"customer": "C-one"}));
    assert_eq!((status, &said["invitations"]), (200, &json!([{"invitation": one}])));
    house.assert_private(
        "verifier",
        &["C-one", "C-two", "C-three", "C-four", &one.to_string()],
        &[],
    );
}

#[test]
fn what_is_no_import_is_refused() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let invitation = house.shop.invite(&house.node, &house.request, 1)[0].digest();
    for bad in [
        json!({"invitations": [{"customer": "", "invitation": invitation}]}),
        json!({"invitations": [{"customer": "C-1", "invitation": "abc"}]}),
        json!({"invitations": [{"customer": "C-1", "invitation": invitation, "more": 1}]}),
        json!({"customers": []}),
        json!([]),
    ] {
        let (status, said) = call(&verifier, IMPORT, &bad);
        assert_eq!(
            (status, said["code"].as_str().unwrap_or("malformed")),
            (400, "malformed"),
            "{said}"
        );
    }
    let many: Vec<(&str, _)> = vec![("C-1", &invitation); 4097];
    assert_eq!(call(&verifier, IMPORT, &rows(&many)).0, 413);
    assert!(verifier.metric("customers") == 0.0);
}

#[test]
fn a_merge_and_a_split_take_effect_in_decisions_at_once() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let (ada, bob) = (house.wins(&verifier, "C-ada"), house.wins(&verifier, "C-bob"));
    let question = |name: &str| house.question(&verifier, name);
    let _ = verifier.await_decision(&question("C-ada"), true, SOON);
    let _ = verifier.await_decision(&question("C-bob"), true, SOON);
    house.withdraw(&bob);
    let _ = verifier.await_decision(&question("C-bob"), false, SOON);

    // One customer with two consents: the withdrawal is the later event, and the earlier yes does not outlive it.
    let merged = call(
        &verifier,
        "/v1/customers/merge",
        &json!({"from": "C-bob", "into": "C-ada"}),
    );
    assert_eq!(merged, (200, json!({"moved": 1})));
    assert_eq!(codes(&verifier.ask(&question("C-bob"))), ["customer_unknown"]);
    assert_eq!(codes(&verifier.ask(&question("C-ada"))), ["withdrawn"]);
    let (_, said) = call(&verifier, LOOK, &json!({"customer": "C-ada"}));
    let seen: Vec<_> = said["invitations"].as_array().unwrap().iter().collect();
    assert_eq!(seen.len(), 2);
    let of = |given: &super::house::Given| {
        seen.iter()
            .find(|row| row["consent"] == given.consent.to_string())
            .unwrap()
    };
    assert_eq!(
        (&of(&ada)["effective"], &of(&bob)["effective"]),
        (&json!("Given"), &json!("Withdrawn"))
    );

    // Divided again, each has what is hers.
    let split = json!({"customer": "C-ada", "invitations": [bob.invitation], "into": "C-new"});
    assert_eq!(
        call(&verifier, "/v1/customers/split", &split),
        (200, json!({"moved": 1}))
    );
    assert_eq!(codes(&verifier.ask(&question("C-ada"))), ["permitted"]);
    assert_eq!(codes(&verifier.ask(&question("C-new"))), ["withdrawn"]);
    // What is not hers is not given away, and nobody is divided whom nobody knows.
    let (status, _) = call(&verifier, "/v1/customers/split", &split);
    assert_eq!(status, 404);
    let merge = json!({"from": "C-none", "into": "C-ada"});
    assert_eq!(call(&verifier, "/v1/customers/merge", &merge).0, 404);

    // So it is after a crash, and a new yes of the same customer counts again.
    verifier.kill();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let question = |name: &str| house.question(&verifier, name);
    let _ = verifier.await_decision(&question("C-ada"), true, SOON);
    assert_eq!(codes(&verifier.ask(&question("C-new"))), ["withdrawn"]);
    let invitation = house.invite(&verifier, "C-new");
    let anew = house.yes("bob anew", &invitation);
    let _ = verifier.await_decision(&question("C-new"), true, SOON);
    house.withdraw(&anew);
    let _ = verifier.await_decision(&question("C-new"), false, SOON);
    house.assert_private("verifier", &["C-ada", "C-bob", "C-new", "C-none"], &[&ada, &bob, &anew]);
}
