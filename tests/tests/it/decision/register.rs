//! The brand's signed register of its processing.

use placet_kernel::decision::{
    Basis, MAX_REGISTER_BYTES, REGISTER_TYP, Register, RegisterEntry, RegisterError, RegisterStatement,
};
use placet_kernel::jws;
use placet_schemas::authzen::{DecisionStatement, ReasonCode};
use placet_schemas::json;
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, covered, question};
use placet_tests::p;
use placet_tests::scene::{BEGINNING, Scene};

use super::only;

fn entry(purpose: &str, categories: &[&str], basis: Basis) -> RegisterEntry {
    RegisterEntry {
        purpose: p(&format!("https://brand.example/purposes#{purpose}")),
        categories: SomeOf::new(Set::from_members(categories.iter().map(|term| p(term)))),
        basis,
    }
}

fn statement(brand: &Brand, entries: Vec<RegisterEntry>) -> RegisterStatement {
    RegisterStatement {
        version: Version,
        controller: brand.did.clone(),
        issued_at: p(BEGINNING),
        entries,
    }
}

fn signed(brand: &Brand, statement: &RegisterStatement, typ: &str) -> String {
    jws::sign(&json::to_jcs(statement).unwrap(), typ, &brand.method, &brand.key).unwrap()
}

fn open(brand: &Brand, entries: Vec<RegisterEntry>) -> Result<Register, RegisterError> {
    let token = signed(brand, &statement(brand, entries), REGISTER_TYP);
    Register::open(&token, &brand.did, &brand.keys())
}

fn desk(entries: Vec<RegisterEntry>) -> Desk {
    let mut scene = Scene::new();
    scene.grant();
    let mut desk = Desk::open(&scene);
    desk.register = Some(open(&desk.brand, entries).unwrap());
    desk
}

pub(super) fn other_basis() -> DecisionStatement {
    desk(vec![entry("newsletter", &[], Basis::Contract)]).answer(&covered())
}

#[test]
fn another_basis_is_told_for_what_it_is_the_basis_of_and_nothing_else() {
    let desk = desk(vec![
        entry("newsletter", &[], Basis::Consent),
        entry("recommendations", &["pd:Purchase"], Basis::LegitimateInterest),
    ]);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
    let both = question("recommendations", &["pd:Interest", "pd:Purchase"], "dpv:Store");
    let said = desk.answer(&both);
    assert_eq!(only(&said), ReasonCode::BasisNotConsent);
    assert_eq!(said.reasons[0].category, Some(p("pd:Purchase")));
    let one = question("recommendations", &["pd:Interest"], "dpv:Store");
    assert_eq!(only(&desk.answer(&one)), ReasonCode::Permitted);
    // The decision names the register that it was made by.
    let with = desk.answer(&one).policy;
    assert_eq!(with, desk.policy.digest(desk.register.as_ref()));
    assert_ne!(with, desk.policy.digest(None));
}

/// To name consent somewhere does not undo that another basis is named elsewhere: a brand cannot have both.
#[test]
fn a_purpose_with_two_bases_rests_on_the_other_one() {
    let desk = desk(vec![
        entry("newsletter", &["pd:EmailAddress"], Basis::Consent),
        entry("newsletter", &[], Basis::LegalObligation),
    ]);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::BasisNotConsent);
}

#[test]
fn a_register_counts_only_when_the_brand_signed_it_for_itself() {
    let (cinema, festival) = (Brand::cinema(), Brand::festival());
    let said = statement(&cinema, Vec::new());
    let refused = |token: &str, brand: &Brand| Register::open(token, &brand.did, &brand.keys()).unwrap_err().code();
    let good = signed(&cinema, &said, REGISTER_TYP);
    assert!(Register::open(&good, &cinema.did, &cinema.keys()).is_ok());
    assert_eq!(refused(&good, &festival), "jws_unknown_key");
    assert_eq!(
        refused(&signed(&cinema, &said, "placet-decision+sd-jwt"), &cinema),
        "jws_type"
    );
    assert_eq!(
        refused(&signed(&festival, &said, REGISTER_TYP), &festival),
        "register_other_controller"
    );
    // Keys of one brand, name of another.
    let open = Register::open(&good, &cinema.did, &festival.keys());
    assert_eq!(open.unwrap_err().code(), "jws_unknown_key");
    let forged = jws::sign(
        &json::to_jcs(&said).unwrap(),
        REGISTER_TYP,
        &cinema.method,
        &festival.key,
    )
    .unwrap();
    assert_eq!(refused(&forged, &cinema), "jws_signature");
    let no_statement = jws::sign(b"{}", REGISTER_TYP, &cinema.method, &cinema.key).unwrap();
    assert_eq!(refused(&no_statement, &cinema), "register_malformed");
    let spaced = jws::sign(b"{ }", REGISTER_TYP, &cinema.method, &cinema.key).unwrap();
    assert_eq!(refused(&spaced, &cinema), "register_malformed");
}

#[test]
fn a_register_has_limits() {
    let brand = Brand::cinema();
    let many = |count: usize| {
        (0..count)
            .map(|at| entry(&at.to_string(), &[], Basis::Contract))
            .collect()
    };
    assert!(open(&brand, many(4096)).is_ok());
    assert_eq!(open(&brand, many(4097)).unwrap_err().code(), "register_too_long");
    let long = "e".repeat(MAX_REGISTER_BYTES + 1);
    let refused = Register::open(&long, &brand.did, &brand.keys());
    assert_eq!(refused.unwrap_err().code(), "jws_oversize");
}

/// A brand whose DID is its key has that key, whatever was recorded of it.
#[test]
fn a_brand_that_is_a_key_signs_with_it() {
    let gym = Brand::gym();
    assert!(open(&gym, vec![entry("newsletter", &[], Basis::VitalInterest)]).is_ok());
}
