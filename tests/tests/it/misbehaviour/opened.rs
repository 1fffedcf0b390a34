//! An attestation against an event that is opened: real records in a real tree.

use placet_kernel::bundle::{Evidence, Verdict};
use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::merkle;
use placet_kernel::misbehaviour::{self, Accusation, Claim, Event, Kind, Opening, Report, Statement};
use placet_kernel::sign::sign_statement;
use placet_schemas::id::Digest;
use placet_schemas::statement::{Acknowledgement, AcknowledgementType};
use placet_schemas::version::Version;
use placet_tests::history::digest;
use placet_tests::scene::Scene;

use super::codes;

/// A consent that was given at `grant`, narrowed, withdrawn, with a stranger's record in between.
struct Lived {
    scene: Scene,
    grant: u64,
    narrowing: u64,
    withdrawal: u64,
    size: u64,
}

fn lived() -> Lived {
    let mut scene = Scene::new();
    let grant = scene.grant();
    scene.log.strangers(1);
    let narrowing = scene.narrow();
    let withdrawal = scene.withdraw();
    scene.log.strangers(2);
    let size = scene.log.size();
    Lived {
        scene,
        grant,
        narrowing,
        withdrawal,
        size,
    }
}

impl Lived {
    /// The operator says, of the tree of this size, that the last event is this one.
    fn says(&self, size: u64, last: u64) -> Statement {
        let digest = self.digest_of(last);
        let said = self.scene.log.statement(self.scene.consent(), size, last, digest);
        Statement::StateAttestation(self.scene.log.sign(said))
    }

    fn digest_of(&self, index: u64) -> Digest {
        let entry = self.scene.log.entries.iter().find(|entry| entry.index == index);
        entry.unwrap().record.digest()
    }

    fn opening(&self, index: u64, size: u64) -> Opening {
        let opening = self.scene.log.opening(index, size);
        Opening {
            index,
            salt: opening.salt,
            record: opening.record,
            proof: opening.proof,
        }
    }

    fn judge(&self, attestation: Statement, opening: Opening, view: Option<Statement>) -> Report {
        let origin = self.scene.log.origin.clone();
        let claim = Claim::AttestationAgainstEvent {
            attestation: Box::new(attestation),
            event: Box::new(Event::Opened { opening, view }),
        };
        let bytes = Accusation { origin, claim }.to_bytes().unwrap();
        misbehaviour::verify(&bytes, Some(&self.scene.trust()), self.scene.clock).unwrap()
    }

    fn checkpoint(&self, size: u64) -> Option<Statement> {
        let cosigners: Vec<_> = self.scene.witnesses.iter().map(|w| (w, self.scene.clock)).collect();
        Some(Statement::Checkpoint(self.scene.log.publish(size, &cosigners).note))
    }
}

fn answer(report: &Report) -> (Verdict, Vec<&'static str>) {
    (report.proved, codes(report))
}

const PROVED: (Verdict, Vec<&'static str>) = (Verdict::Holds, Vec::new());

fn nothing(code: &'static str) -> (Verdict, Vec<&'static str>) {
    (Verdict::Fails, vec![code])
}

#[test]
fn an_attestation_that_denies_an_opened_event_is_misbehaviour() {
    let lived = lived();
    let hiding = lived.says(lived.size, lived.grant);
    for hidden in [lived.narrowing, lived.withdrawal] {
        let report = lived.judge(hiding.clone(), lived.opening(hidden, lived.size), None);
        assert_eq!(answer(&report), PROVED, "{:#?}", report.findings);
        assert_eq!(report.consent, Some(lived.scene.consent()));
    }
    // The same with the event in another signed tree, earlier or later than the attested one.
    let smaller = lived.withdrawal + 1;
    for (attested, proven) in [(lived.size, smaller), (smaller, lived.size)] {
        let hiding = lived.says(attested, lived.grant);
        let opening = lived.opening(lived.withdrawal, proven);
        let report = lived.judge(hiding, opening, lived.checkpoint(proven));
        assert_eq!(answer(&report), PROVED, "{:#?}", report.findings);
        assert_eq!(report.said[1].signed_by.len(), 4, "the log and three witnesses");
    }
}

#[test]
fn a_last_event_that_is_another_record_is_misbehaviour() {
    let lived = lived();
    let consent = lived.scene.consent();
    let said = lived
        .scene
        .log
        .statement(consent, lived.size, lived.withdrawal, lived.digest_of(lived.narrowing));
    let said = Statement::StateAttestation(lived.scene.log.sign(said));
    let report = lived.judge(said, lived.opening(lived.withdrawal, lived.size), None);
    assert_eq!(answer(&report), PROVED);

    // Also when what is there is not about the consent at all: here, the request.
    let request = 1;
    let said = lived.scene.log.statement(consent, lived.size, request, consent);
    let said = Statement::StateAttestation(lived.scene.log.sign(said));
    let report = lived.judge(said, lived.opening(request, lived.size), None);
    assert_eq!(answer(&report), PROVED);
}

#[test]
fn a_grant_that_is_logged_again_after_the_withdrawal_is_misbehaviour() {
    let mut lived = lived();
    let grant = lived
        .scene
        .log
        .entries
        .iter()
        .find(|entry| entry.index == lived.grant)
        .unwrap();
    let again = placet_schemas::record::CanonicalRecord {
        record: grant.record.clone(),
        bytes: grant.bytes.clone(),
    };
    let again = lived.scene.log.append(again);
    lived.size = lived.scene.log.size();
    let resurrected = lived.says(lived.size, again);
    for earlier in [lived.grant, lived.narrowing, lived.withdrawal] {
        let report = lived.judge(resurrected.clone(), lived.opening(earlier, lived.size), None);
        assert_eq!(answer(&report), PROVED, "{:#?}", report.findings);
    }
    let report = lived.judge(resurrected, lived.opening(again, lived.size), None);
    assert_eq!(answer(&report), nothing("no_contradiction"));
}

/// Whoever wants to frame the operator has true records, true proofs and true attestations, and any combination of them.
#[test]
fn no_opened_record_contradicts_an_honest_attestation() {
    let lived = lived();
    let first = lived.grant + 1;
    for attested in first..=lived.size {
        let honest = lived.scene.log.attest(lived.scene.consent(), attested).unwrap();
        for entry in &lived.scene.log.entries {
            for proven in entry.index + 1..=lived.size {
                let opening = lived.opening(entry.index, proven);
                let view = (proven != attested).then(|| lived.checkpoint(proven)).flatten();
                let report = lived.judge(Statement::StateAttestation(honest.clone()), opening, view);
                assert_eq!(report.proved, Verdict::Fails);
                let code = codes(&report)[0];
                assert!(["no_contradiction", "other_consent"].contains(&code), "{code}");
            }
        }
    }
}

#[test]
fn an_opening_must_be_of_that_consent_and_in_a_signed_tree() {
    let lived = lived();
    let hiding = || lived.says(lived.size, lived.grant);
    let good = || lived.opening(lived.withdrawal, lived.size);
    let salt = Opening {
        salt: placet_kernel::leaf::Salt::from_bytes([0; 32]),
        ..good()
    };
    let moved = Opening {
        index: lived.narrowing,
        ..good()
    };
    let smaller = lived.opening(lived.withdrawal, lived.withdrawal + 1);
    for opening in [salt, moved, smaller] {
        let report = lived.judge(hiding(), opening, None);
        assert_eq!(answer(&report), nothing("proof_invalid"));
    }
    let report = lived.judge(hiding(), lived.opening(0, lived.size), None);
    assert_eq!(answer(&report), nothing("other_consent"), "the brand's keys");

    // Somebody else's consent, recorded after this one's last event.
    let mut other = Scene::new();
    other.grant();
    let strange = Opening {
        record: other.log.entries[2].bytes.clone(),
        ..good()
    };
    let report = lived.judge(hiding(), strange, None);
    assert_eq!(answer(&report), nothing("proof_invalid"));

    // A tree that nobody signed.
    let unsigned = Checkpoint::new(
        lived.scene.log.origin.clone(),
        lived.size,
        lived.scene.log.tree.root(lived.size),
    );
    let view = Statement::Checkpoint(format!("{}\n", unsigned.unwrap()));
    let report = lived.judge(hiding(), good(), Some(view));
    assert_eq!(answer(&report), nothing("checkpoint_invalid"));
    assert_eq!(digest(&lived.scene.log.tree.root(0)), Digest::of(b""));
}

/// What the operator answered to the record at this index, in the tree of this size.
fn acknowledged(lived: &Lived, index: u64, size: u64) -> Statement {
    let log = &lived.scene.log;
    let entry = log.entries.iter().find(|entry| entry.index == index).unwrap();
    let last = log.attest(lived.scene.consent(), size).unwrap().statement;
    let said = Acknowledgement {
        version: Version,
        r#type: AcknowledgementType::Acknowledgement,
        origin: log.origin.clone(),
        index,
        leaf_hash: digest(&merkle::leaf_hash(&entry.salt.leaf(&entry.record.digest()))),
        controller: lived.scene.brand.did.clone(),
        seq: index,
        size,
        root: digest(&log.tree.root(size)),
        consent: Some(lived.scene.consent()),
        last_index: Some(last.last_index),
        last_digest: Some(last.last_digest),
    };
    Statement::Acknowledgement(sign_statement(said, &log.operator).unwrap())
}

/// A wallet that holds acknowledgements, and a bundle that the operator made.
#[test]
fn what_a_bundle_contradicts_is_found_with_what_a_wallet_holds() {
    let mut lived = lived();
    lived.size = lived.scene.publish();
    let kept = [lived.grant, lived.narrowing, lived.withdrawal].map(|index| acknowledged(&lived, index, index + 1));
    let honest = lived.scene.evidence();
    let found = |evidence: &Evidence, kept: &[Statement]| misbehaviour::in_bundle(&evidence.to_bytes().unwrap(), kept);
    let proved = |accusation: Option<Accusation>| {
        let bytes = accusation.unwrap().to_bytes().unwrap();
        let report = misbehaviour::verify(&bytes, Some(&lived.scene.trust()), lived.scene.clock).unwrap();
        assert_eq!(answer(&report), PROVED, "{:#?}", report.findings);
        report.kind.unwrap()
    };
    assert_eq!(found(&honest, &kept), None);

    // The withdrawal is left out and denied: only who has its acknowledgement can tell.
    let Statement::StateAttestation(denied) = lived.says(lived.size, lived.narrowing) else {
        panic!("it is an attestation")
    };
    let mut hiding = honest.clone();
    hiding.attestations = vec![denied];
    let mut hidden = hiding.clone();
    hidden.openings.retain(|opening| opening.index != lived.withdrawal);
    assert_eq!(found(&hidden, &[]), None);
    assert_eq!(found(&hidden, &kept[..2]), None);
    assert_eq!(proved(found(&hidden, &kept)), Kind::AttestationAgainstEvent);

    // It is denied and opened at once: the bundle is proof by itself.
    assert_eq!(proved(found(&hiding, &[])), Kind::AttestationAgainstEvent);

    // The narrowing before it is not counted.
    let mut miscounting = honest.clone();
    let mut said = honest.attestations.last().unwrap().statement.clone();
    said.events = 2;
    miscounting.attestations = vec![lived.scene.log.sign(said)];
    assert_eq!(proved(found(&miscounting, &[])), Kind::AttestationAgainstEvent);

    // The wallet saw another tree of the same size.
    let other = Checkpoint::new(lived.scene.log.origin.clone(), lived.size, merkle::leaf_hash(b"other")).unwrap();
    let seen = Statement::Checkpoint(lived.scene.log.publish_head(&other, &[]).note);
    assert_eq!(proved(found(&honest, &[seen])), Kind::Fork);
    assert_eq!(misbehaviour::in_bundle(b"{}", &kept), None);
}
