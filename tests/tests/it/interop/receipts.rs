//! Receipts in wallets and at verifiers that others wrote: claimed from a running issuer over HTTP with keys of their own, which
//! the person authorised by `placet receipt authorize`; shown, checked with their status, and refused once the consent is
//! over. `tests/interop/js` says what is asked of whose code.

mod asked;
mod foreign;
mod issued;
mod stage;
mod web;

use std::fs;
use std::path::{Path, PathBuf};

use placet_tests::issuer::{LDP_VC, SD_JWT};

use super::javascript::{changed, changed_text};
use foreign::{Claim, make_wallet, until};
use stage::{ASKED, Stage};
use web::Web;

#[test]
fn a_foreign_wallet_claims_a_receipt_in_both_formats_with_a_key_of_its_own() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    assert_eq!(
        refusal(stage.claim(&wallet, &[])),
        ("invalid_proof".into(), LDP_VC.into())
    );
    stage.authorize(&wallet);
    let receipts = stage.receipts(&wallet);
    let shown: Vec<_> = receipts.iter().map(|one| (&*one.format, &*one.binding)).collect();
    assert_eq!(shown, [("ldp_vc", "did:key"), ("dc+sd-jwt", "jwk")]);
    assert!(receipts.iter().all(|one| one.notified == 204), "{receipts:?}");
    let [ldp_vc, sd_jwt] = &receipts[..] else {
        panic!("{receipts:?}")
    };
    assert_eq!([&*ldp_vc.configuration, &*sd_jwt.configuration], [LDP_VC, SD_JWT]);
    assert_eq!(ldp_vc.credential["credentialSubject"]["holderKey"], wallet.did.as_str());

    assert_eq!(stage.judge(&ldp_vc.text(), &[]).said(), (0, vec!["Holds"; 3]));
    // Nobody has shown it yet.
    let judged = stage.judge(&sd_jwt.text(), &[]);
    assert_eq!(judged.said(), (0, vec!["Holds", "Holds", "Holds", "CannotTell"]));
}

#[cfg(feature = "jwe")]
#[test]
fn a_foreign_wallet_claims_a_receipt_that_was_encrypted_to_it() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    // Until the issuer has heard of the authorisation.
    let _receipts = stage.receipts(&wallet);
    let Claim::Done { receipts, .. } = stage.claim(&wallet, &["--encrypted"]) else {
        panic!("refused")
    };
    for receipt in &receipts {
        assert_eq!(stage.judge(&receipt.text(), &[]).said().1[..3], ["Holds"; 3]);
    }
    assert_eq!(receipts.len(), 2);
}

#[test]
fn a_foreign_wallet_is_refused_by_the_names_of_the_protocol() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    // Until the issuer has heard of the authorisation.
    let _receipts = stage.receipts(&wallet);
    let mut offer = stage.offer();
    assert_eq!(
        refusal(stage.claim_by(&wallet, &offer, &["--replay"])),
        ("invalid_nonce".into(), SD_JWT.into())
    );
    // Good for one token.
    let (refused, asked) = refusal(stage.claim_by(&wallet, &offer, &[]));
    assert_eq!((&*refused, &*asked), ("invalid_grant", "token"));

    offer = stage.offer();
    let right = offer.tx_code.clone();
    offer.tx_code = if right == "000000" { "000001" } else { "000000" }.to_owned();
    let (refused, asked) = refusal(stage.claim_by(&wallet, &offer, &[]));
    assert_eq!((&*refused, &*asked), ("invalid_grant", "token"));
    offer.tx_code = right;
    assert!(matches!(stage.claim_by(&wallet, &offer, &[]), Claim::Done { .. }));

    let stranger = stage.wallet("stranger");
    assert_eq!(
        refusal(stage.claim(&stranger, &[])),
        ("invalid_proof".into(), LDP_VC.into())
    );
}

#[test]
fn a_foreign_wallet_shows_a_receipt_and_a_foreign_verifier_believes_it_until_the_withdrawal() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [_, receipt] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    let [read] = stage.read(&[], &[&issued]).try_into().unwrap();
    let claims = read.claims.as_ref().unwrap();
    assert_eq!(claims["consent"], stage.consent);
    assert_eq!(claims["scope"].as_array().unwrap().len(), 3);

    // Of what may be withheld, one clause is shown, and the salt, with which the log proves the record.
    let whole = stage.show(&wallet, &issued, &[]);
    let clauses: Vec<&String> = whole
        .presentable
        .iter()
        .filter(|path| path.starts_with("scope."))
        .collect();
    assert_eq!(
        (clauses.len(), whole.presentable.len()),
        (3, 5),
        "{:?}",
        whole.presentable
    );
    let shown = stage.show(&wallet, &issued, &["evidence.salt", clauses[0]]);
    let judged = stage.judge(&shown.presentation, &ASKED);
    assert_eq!(judged.said(), (0, vec!["Holds"; 4]));
    let shown_file = stage.file("shown", &shown.presentation);
    let [read] = stage.read(&ASKED, &[&shown_file]).try_into().unwrap();
    let claims = read.claims.as_ref().unwrap();
    assert_eq!(
        (claims.get("sub"), claims["scope"].as_array().unwrap().len()),
        (None, 1)
    );

    let other = ["--audience", "https://evil.example", ASKED[2], ASKED[3]];
    let earlier = [ASKED[0], ASKED[1], "--nonce", "earlier"];
    for asked in [other, earlier] {
        let judged = stage.judge(&shown.presentation, &asked);
        assert_eq!(
            judged.said(),
            (1, vec!["Holds", "Holds", "Holds", "Fails"]),
            "{asked:?}"
        );
        let [read] = stage.read(&asked, &[&shown_file]).try_into().unwrap();
        assert!(read.error.is_some(), "{asked:?}");
    }
    // Nobody has shown the issued one.
    let [read] = stage.read(&ASKED, &[&issued]).try_into().unwrap();
    assert!(read.error.is_some(), "{read:?}");

    stage.withdraw();
    let over = until("the list says that it is over", || {
        let [read] = stage.read(&ASKED, &[&shown_file]).try_into().unwrap();
        read.error
    });
    assert_eq!(over, "Status is not valid");
    let judged = stage.judge(&shown.presentation, &ASKED);
    assert_eq!(judged.said(), (1, vec!["Holds", "Holds", "Fails", "Holds"]));
}

#[test]
fn a_foreign_verifier_believes_nothing_of_a_receipt_that_was_changed() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [_, receipt] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    let shown = stage.show(&wallet, &issued, &["evidence.salt"]).presentation;
    let [unchanged] = stage.read(&ASKED, &[&stage.file("shown", &shown)]).try_into().unwrap();
    assert_eq!(unchanged.error, None);
    // Some bits of the last character are of no signature.
    let spoilt = changed_text(&shown).filter(|(at, _)| at + 1 < shown.len());
    let spoilt: Vec<PathBuf> = spoilt
        .map(|(at, changed)| stage.file(&format!("changed-{at}"), &changed))
        .collect();
    assert!(spoilt.len() > 40);
    let files: Vec<&Path> = spoilt.iter().map(PathBuf::as_path).collect();
    for read in stage.read(&ASKED, &files) {
        assert!(read.error.is_some(), "{}", read.file.display());
    }
}

#[test]
fn a_foreign_verifier_of_credentials_believes_a_receipt_until_the_withdrawal_and_none_that_was_changed() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [receipt, _] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    assert_eq!(stage.verify("eddsa-jcs-2022", &[&issued]), [None]);
    let spoilt: Vec<PathBuf> = changed(receipt.text().as_bytes())
        .into_iter()
        .map(|(at, bytes)| stage.file(&format!("changed-{at}"), str::from_utf8(&bytes).unwrap()))
        .collect();
    assert!(spoilt.len() > 40);
    let files: Vec<&Path> = spoilt.iter().map(PathBuf::as_path).collect();
    for (file, refused) in files.iter().zip(stage.verify("eddsa-jcs-2022", &files)) {
        assert!(refused.is_some(), "{}", file.display());
    }

    stage.withdraw();
    let over = until("the list says that it is over", || {
        let [refused] = stage.verify("eddsa-jcs-2022", &[&issued]).try_into().unwrap();
        refused
    });
    assert_eq!(over, "revoked");
    let judged = stage.judge(&receipt.text(), &[]);
    assert_eq!(judged.said(), (1, vec!["Holds", "Holds", "Fails"]));
}

#[test]
fn a_foreign_verifier_believes_each_suite_by_itself_and_none_that_was_changed() {
    const JCS: &str = "eddsa-jcs-2022";
    const RDFC: &str = "eddsa-rdfc-2022";
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let _known = stage.receipts(&wallet);
    let claim = |suite: &str| match stage.claim_by(&wallet, &stage.offer_of(&["--suite", suite]), &[]) {
        Claim::Done { receipts, .. } => receipts[0].text(),
        Claim::Refused { refused, asked } => panic!("{refused} at {asked}"),
    };
    let (rdfc, both) = (claim(RDFC), claim("both"));
    let (one, set) = (stage.file("rdfc", &rdfc), stage.file("both", &both));
    assert_eq!(stage.verify(RDFC, &[&one, &set]), [None, None]);
    let [of_one, of_set] = stage.verify(JCS, &[&one, &set]).try_into().unwrap();
    assert!(of_one.is_some(), "it has no proof of that suite");
    assert_eq!(of_set, None);
    assert_eq!(stage.judge(&rdfc, &[]).said(), (0, vec!["Holds"; 3]));
    assert_eq!(stage.judge(&both, &[]).said(), (0, vec!["Holds"; 3]));

    let spoilt: Vec<PathBuf> = changed(rdfc.as_bytes())
        .into_iter()
        .map(|(at, bytes)| stage.file(&format!("changed-{at}"), str::from_utf8(&bytes).unwrap()))
        .collect();
    assert!(spoilt.len() > 40);
    let files: Vec<&Path> = spoilt.iter().map(PathBuf::as_path).collect();
    for (file, refused) in files.iter().zip(stage.verify(RDFC, &files)) {
        assert!(refused.is_some(), "{}", file.display());
    }

    stage.withdraw();
    let over = until("the list says that it is over", || {
        let [refused] = stage.verify(RDFC, &[&one]).try_into().unwrap();
        refused
    });
    assert_eq!(over, "revoked");
}

#[test]
fn foreign_verifiers_find_the_keys_of_an_issuer_with_a_did_web() {
    let Some(web) = Web::set() else {
        return;
    };
    let [ldp_vc, sd_jwt] = [LDP_VC, SD_JWT].map(|format| web.issuer.claim(format, &web.consent(), &web.ada.key));
    assert_eq!(ldp_vc["issuer"], "did:web:issuer.example:receipts");
    let files = [web.home.path().join("ldp_vc"), web.home.path().join("sd_jwt")];
    fs::write(&files[0], ldp_vc.to_string()).unwrap();
    fs::write(&files[1], sd_jwt.as_str().unwrap()).unwrap();
    assert_eq!((web.verify(&files[0]), web.read(&files[1])), (None, None));

    web.withdraw();
    let over = until("the lists say that it is over", || {
        web.verify(&files[0]).zip(web.read(&files[1]))
    });
    assert_eq!(over, ("revoked".into(), "Status is not valid".into()));
}

#[test]
fn a_wallet_library_of_an_earlier_draft_claims_a_receipt_with_some_help() {
    let Some(web) = Web::set() else {
        return;
    };
    let wallet = make_wallet(&web.programs, web.home.path(), "phone");
    let refused = web.claim(&wallet, &[]);
    assert_eq!(refused["refused"], "invalid_proof", "{refused}");
    web.authorize(&wallet);
    let claimed = until("the wallet may hold receipts", || {
        let claimed = web.claim(&wallet, &[]);
        claimed.get("credential").cloned()
    });
    assert_eq!(claimed["credentialSubject"]["holderKey"], wallet.did.as_str());
    let file = web.home.path().join("claimed");
    fs::write(&file, claimed.to_string()).unwrap();
    assert_eq!(web.verify(&file), None);
    // A proof that says of no kind what it is could be meant for anything.
    let refused = web.claim(&wallet, &["--own-proof"]);
    assert_eq!(refused["refused"], "invalid_proof", "{refused}");
}

fn refusal(claim: Claim) -> (String, String) {
    match claim {
        Claim::Refused { refused, asked } => (refused, asked),
        Claim::Done { .. } => panic!("{claim:?}"),
    }
}
