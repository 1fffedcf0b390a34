//! The marks, the traps of the DPV hierarchy, and the pins.

use std::collections::BTreeSet;

use super::table::{OVERLAY, lines};
use super::{
    CategoryTerm, MAX_TERM_BYTES, ProcessingTerm, PurposeTerm, Sensitivity, TermKind, VOCABULARY_HASH_HEX, categories,
    processing, purposes, vocabulary_hash,
};

fn purpose(term: &str) -> PurposeTerm {
    term.parse().unwrap()
}

fn category(term: &str) -> CategoryTerm {
    term.parse().unwrap()
}

fn process(term: &str) -> ProcessingTerm {
    term.parse().unwrap()
}

#[test]
fn the_hash_is_pinned() {
    let hex: String = vocabulary_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex, VOCABULARY_HASH_HEX,
        "a table changed: see docs/VOCABULARY.md, How to update"
    );
}

#[test]
fn marked_categories_are_exactly_these() {
    const SPECIAL: &str = "dpv:SensitivePersonalData dpv:SpecialCategoryPersonalData \
        pd:Biometric pd:BloodType pd:DNACode pd:Disability pd:DrugTestResult pd:EthnicOrigin \
        pd:Ethnicity pd:FacialExpression pd:FacialPrint pd:FamilyHealthHistory pd:Fetish \
        pd:Fingerprint pd:Genetic pd:Health pd:HealthHistory pd:HealthRecord \
        pd:IndividualHealthHistory pd:MedicalHealth pd:MentalHealth pd:PhilosophicalBelief \
        pd:PhysicalHealth pd:PoliticalAffiliation pd:PoliticalOpinion pd:Prescription \
        pd:Proclivity pd:Race pd:Religion pd:ReligiousBelief pd:Retina pd:Sexual \
        pd:SexualHistory pd:SexualPreference pd:SkinTone pd:TradeUnionMembership \
        pd:Vulnerability";
    const CRIMINAL: &str = "pd:Criminal pd:CriminalCharge pd:CriminalConviction \
        pd:CriminalOffence pd:CriminalPardon";
    for (sensitivity, expected) in [
        (Sensitivity::SpecialCategory, SPECIAL),
        (Sensitivity::CriminalRecord, CRIMINAL),
    ] {
        let marked: Vec<_> = categories()
            .filter(|term| term.sensitivity() == Some(sensitivity))
            .map(CategoryTerm::as_str)
            .collect();
        assert_eq!(marked, expected.split_whitespace().collect::<Vec<_>>());
    }
    let known = [Sensitivity::SpecialCategory, Sensitivity::CriminalRecord];
    assert!(
        categories()
            .filter_map(CategoryTerm::sensitivity)
            .all(|found| known.contains(&found))
    );
}

#[test]
fn marked_purposes_are_exactly_these() {
    let marked: Vec<_> = purposes()
        .filter_map(|term| Some((term.as_str(), term.sensitivity()?)))
        .collect();
    assert_eq!(
        marked,
        [
            ("dpv:CustomerSolvencyMonitoring", Sensitivity::Profiling),
            ("dpv:PersonalisedAdvertising", Sensitivity::TargetedAdvertising),
            ("dpv:PersonnelPerformancePrediction", Sensitivity::Profiling),
            ("dpv:PoliticalCampaign", Sensitivity::Political),
            ("dpv:PublicPolicyMaking", Sensitivity::Political),
            (
                "dpv:RecruitmentApplicantCriminalBackgroundCheck",
                Sensitivity::CriminalRecord
            ),
            ("dpv:RecruitmentTargetedAdvertising", Sensitivity::TargetedAdvertising),
            ("dpv:SellDataToThirdParties", Sensitivity::Sale),
            ("dpv:SellInsightsFromData", Sensitivity::Sale),
            ("dpv:TargetedAdvertising", Sensitivity::TargetedAdvertising),
        ]
    );
}

#[test]
fn marked_processing_is_exactly_this() {
    let marked: Vec<_> = processing()
        .filter_map(|term| Some((term.as_str(), term.sensitivity()?)))
        .collect();
    assert_eq!(
        marked,
        [
            ("dpv:AutomatedDecisionMaking", Sensitivity::AutomatedDecision),
            ("dpv:AutomatedScoringOfIndividuals", Sensitivity::AutomatedDecision),
            ("dpv:EvaluationOfIndividuals", Sensitivity::Profiling),
            ("dpv:EvaluationScoring", Sensitivity::Profiling),
            ("dpv:Profiling", Sensitivity::Profiling),
            ("dpv:ScoringOfIndividuals", Sensitivity::Profiling),
        ]
    );
}

/// So that nothing is marked without a reason someone can read.
#[test]
fn every_marked_term_has_its_own_row_with_a_reason() {
    let reasons: BTreeSet<_> = lines(OVERLAY)
        .map(|(line, columns)| {
            assert!(columns[5].len() > 10, "line {line} gives no reason");
            (columns[0], columns[1])
        })
        .collect();
    let marked = purposes()
        .filter(|term| term.sensitivity().is_some())
        .map(|term| ("purpose", term.as_str()))
        .chain(
            categories()
                .filter(|term| term.sensitivity().is_some())
                .map(|term| ("category", term.as_str())),
        )
        .chain(
            processing()
                .filter(|term| term.sensitivity().is_some())
                .map(|term| ("processing", term.as_str())),
        );
    for term in marked {
        assert!(reasons.contains(&term), "{term:?}");
    }
}

#[test]
fn too_general_purposes_are_exactly_these() {
    let found: Vec<_> = purposes()
        .filter(|term| term.is_too_general())
        .map(PurposeTerm::as_str)
        .collect();
    assert_eq!(
        found,
        [
            "dpv:Marketing",
            "dpv:Personalisation",
            "dpv:Purpose",
            "dpv:Sector",
            "dpv:ServiceManagement",
            "dpv:ServiceProvision",
        ]
    );
}

/// DPV puts these above what needs a separate choice: the mark stays below,
/// and what is below stays specific.
#[test]
fn traps_of_the_hierarchy() {
    for (below, above) in [
        ("dpv:PoliticalCampaign", "dpv:Marketing"),
        ("dpv:PoliticalCampaign", "dpv:Advertising"),
        ("dpv:PoliticalCampaign", "dpv:Personalisation"),
        ("dpv:TargetedAdvertising", "dpv:Personalisation"),
        ("dpv:TargetedAdvertising", "dpv:Advertising"),
        ("dpv:SellDataToThirdParties", "dpv:ServiceProvision"),
        ("dpv:SellDataToThirdParties", "dpv:SellProducts"),
        ("dpv:SellInsightsFromData", "dpv:SellProducts"),
    ] {
        let (below, above) = (purpose(below), purpose(above));
        assert!(below.is_a(above) && !above.is_a(below));
        assert!(below.sensitivity().is_some() && !below.is_too_general());
        assert_eq!(above.sensitivity(), None, "{above}");
    }
    assert_eq!(purpose("dpv:SellProductsToDataSubject").sensitivity(), None);
    for above in ["pd:External", "pd:PublicLife", "pd:Social", "dpv:PersonalData"] {
        assert_eq!(category(above).sensitivity(), None, "{above}");
    }
    // Fingerprints of devices are not biometric; technical knowledge is
    // no belief, although both have marked neighbours.
    for other in [
        "pd:BrowserFingerprint",
        "pd:DigitalFingerprint",
        "pd:TechnicalKnowledge",
    ] {
        assert_eq!(category(other).sensitivity(), None, "{other}");
    }
    assert_eq!(process("dpv:Use").sensitivity(), None);
}

#[test]
fn all_that_dpv_marks_is_marked() {
    let special = category("dpv:SpecialCategoryPersonalData");
    let below: Vec<_> = categories().filter(|term| term.is_a(special)).collect();
    assert_eq!(below.len(), 33);
    for term in below {
        assert_eq!(term.sensitivity(), Some(Sensitivity::SpecialCategory), "{term}");
    }
}

#[test]
fn hierarchy_questions() {
    let campaign = purpose("dpv:PoliticalCampaign");
    let parents: Vec<_> = campaign.parents().map(PurposeTerm::as_str).collect();
    assert_eq!(parents, ["dpv:Advertising", "dpv:Personalisation"]);
    let ancestors: Vec<_> = campaign.ancestors().map(PurposeTerm::as_str).collect();
    assert_eq!(
        ancestors,
        ["dpv:Advertising", "dpv:Marketing", "dpv:Personalisation", "dpv:Purpose"]
    );
    assert!(campaign.is_a(campaign));
    assert_eq!(campaign.label(), "Political Campaign");
    for term in purposes() {
        assert!(!term.ancestors().any(|above| above == term), "{term} is above itself");
        assert!(term.ancestors().all(|above| term.is_a(above) && !above.is_a(term)));
    }
    let personal = category("dpv:PersonalData");
    let mut pd = categories().filter(|term| term.as_str().starts_with("pd:"));
    assert!(pd.all(|term| term.is_a(personal)));
    assert!(!category("dpv:NonPersonalData").is_a(personal));
    let top = process("dpv:Processing");
    assert!(processing().all(|term| term.is_a(top)));
}

#[test]
fn terms_are_ordered_and_found_by_their_string() {
    assert_eq!(
        (purposes().len(), categories().len(), processing().len()),
        (123, 265, 61)
    );
    assert!(purposes().is_sorted_by(|a, b| a < b && a.as_str() < b.as_str()));
    assert!(categories().is_sorted_by(|a, b| a < b && a.as_str() < b.as_str()));
    assert!(processing().is_sorted_by(|a, b| a < b && a.as_str() < b.as_str()));
    assert!(purposes().all(|term| purpose(term.as_str()) == term));
    assert!(categories().all(|term| category(term.as_str()) == term));
    assert!(processing().all(|term| process(term.as_str()) == term));
    assert!(categories().all(|term| term.as_str().len() <= MAX_TERM_BYTES));
}

#[test]
fn json_is_the_term_string() {
    let term = purpose("dpv:DirectMarketing");
    let json = serde_json::to_string(&term).unwrap();
    assert_eq!(json, r#""dpv:DirectMarketing""#);
    assert_eq!(serde_json::from_str::<PurposeTerm>(&json).unwrap(), term);
    let fault = serde_json::from_str::<CategoryTerm>(r#""pd:Intrest""#).unwrap_err();
    assert_eq!(
        fault.to_string(),
        r#"unknown category term "pd:Intrest" (did you mean pd:Interest?)"#
    );
    assert!(serde_json::from_str::<ProcessingTerm>("7").is_err());
    assert_eq!(
        format!("{term} {term:?}"),
        "dpv:DirectMarketing PurposeTerm(dpv:DirectMarketing)"
    );
}

#[test]
fn unknown_terms_get_a_hint() {
    for (given, hint) in [
        ("dpv:Marketting", Some("dpv:Marketing")),
        ("Marketing", Some("dpv:Marketing")),
        ("dpv:directMarketing", Some("dpv:DirectMarketing")),
        ("dpv:DirectMarketing ", Some("dpv:DirectMarketing")),
        ("https://w3id.org/dpv#DirectMarketing", Some("dpv:DirectMarketing")),
        ("dpv:PersonalizedAdvertising", Some("dpv:PersonalisedAdvertising")),
        ("dpv:Xylophone", None),
        ("dpv:", None),
        ("", None),
    ] {
        let fault = given.parse::<PurposeTerm>().unwrap_err();
        assert_eq!(fault.closest(), hint, "{given}");
        assert_eq!((fault.given(), fault.kind()), (given, TermKind::Purpose));
        assert_eq!(fault.code(), "unknown_term");
    }
    // A term of another kind, or of the other prefix, is unknown here.
    assert!("dpv:Profiling".parse::<PurposeTerm>().is_err());
    assert!("dpv:Tracking".parse::<CategoryTerm>().is_err());
    let fault = "dpv:Interest".parse::<CategoryTerm>().unwrap_err();
    assert_eq!(fault.closest(), Some("pd:Interest"));
}

#[test]
fn a_hostile_term_is_cut_and_not_compared() {
    let given = "é".repeat(40_000);
    let fault = given.parse::<PurposeTerm>().unwrap_err();
    assert_eq!(fault.given(), "é".repeat(MAX_TERM_BYTES / 2));
    let odd = format!("x{given}");
    let fault = odd.parse::<PurposeTerm>().unwrap_err();
    assert_eq!(fault.given().len(), MAX_TERM_BYTES - 1, "cut between characters");
    let padded = format!("{}dpv:Marketing", "#".repeat(MAX_TERM_BYTES));
    assert_eq!(padded.parse::<PurposeTerm>().unwrap_err().closest(), None);
    // Control characters reach a log only escaped.
    let fault = "dpv:\n\u{1b}[31m".parse::<PurposeTerm>().unwrap_err();
    assert!(!fault.to_string().contains(char::is_control));
}
