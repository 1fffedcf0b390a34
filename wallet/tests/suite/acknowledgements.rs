//! Every part of an answer is checked: each tampering has its own refusal.

use placet_kernel::sign::{Algorithm, sign_statement};
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::{RecordAnswer, SaltText};
use placet_schemas::id::Digest;
use placet_schemas::statement::Acknowledgement;
use placet_wallet::acknowledgement::{AckError, LogTrust, LogTrustError, check_acknowledgement};
use placet_wallet::brand;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{Built, withdraw};
use placet_wallet::sight::{Order, Sight};

use crate::world::{NOW, World, asking, films, letters, p, person};

struct Scene {
    world: World,
    built: Built,
    answer: RecordAnswer,
}

impl Scene {
    /// A grant that is the fourth of seven leaves.
    fn new() -> Self {
        let mut world = World::new();
        let request = world.request(&[films(), letters()]);
        world.answer(&request, 2);
        let built = world.consent(&request, &person(Algorithm::Ed25519));
        let answer = world.answer(&built.record, 3);
        Self { world, built, answer }
    }

    fn judge(&self, answer: &RecordAnswer) -> Result<placet_wallet::acknowledgement::Acknowledged, AckError> {
        check_acknowledgement(&self.built.bytes, answer, &self.world.trust(), &Sight::default())
    }

    /// The code of the refusal of a changed answer.
    fn tampered(&self, change: impl FnOnce(&mut RecordAnswer)) -> &'static str {
        let mut answer = self.answer.clone();
        change(&mut answer);
        self.judge(&answer).unwrap_err().code()
    }

    /// The same for a changed statement, signed by the operator: what a lying operator can do.
    fn lied(&self, change: impl FnOnce(&mut Acknowledgement)) -> &'static str {
        let mut statement = self.answer.acknowledgement.statement.clone();
        change(&mut statement);
        self.tampered(|answer| answer.acknowledgement = sign_statement(statement, &self.world.operator).unwrap())
    }
}

#[test]
fn an_honest_answer_is_believed() {
    let scene = Scene::new();
    let believed = scene.judge(&scene.answer).unwrap();
    assert_eq!(believed.digest, scene.built.record.digest());
    assert_eq!((believed.statement.index, believed.head.checkpoint().size()), (3, 7));
    assert_eq!((believed.order, believed.overtaken_by), (Order::First, None));
}

#[test]
fn what_stands_between_cannot_change_an_answer() {
    let scene = Scene::new();
    assert_eq!(scene.tampered(|a| a.salt = SaltText::from_bytes([0; 32])), "ack_leaf");
    assert_eq!(
        scene.tampered(|a| a.acknowledgement.statement.index = 2),
        "ack_bad_signature"
    );
    assert_eq!(
        scene.tampered(|a| a.acknowledgement.statement.seq += 1),
        "ack_bad_signature"
    );
    let mallory = SoftwareKey::ed25519_from_seed(&[66; 32]);
    let statement = scene.answer.acknowledgement.statement.clone();
    let forged = sign_statement(statement, &mallory).unwrap();
    assert_eq!(
        scene.tampered(|a| a.acknowledgement = forged.clone()),
        "ack_unknown_operator"
    );
    let disguised = |a: &mut RecordAnswer| {
        a.acknowledgement.signature = forged.signature;
    };
    assert_eq!(scene.tampered(disguised), "ack_bad_signature");
    assert_eq!(scene.tampered(|a| a.proof.clear()), "tlog_proof_no_checkpoint");
    assert_eq!(
        scene.tampered(|a| a.proof = a.proof.replace("index 3", "index 4")),
        "merkle_root_mismatch"
    );
    assert_eq!(scene.tampered(|a| a.checkpoint.clear()), "note_no_signatures");
}

#[test]
fn a_proof_without_one_of_its_hashes_is_refused() {
    let scene = Scene::new();
    let proof: TlogProof = scene.answer.proof.parse().unwrap();
    for gone in 0..proof.hashes().len() {
        let mut hashes = proof.hashes().to_vec();
        hashes.remove(gone);
        let short = TlogProof::new(proof.index(), hashes, proof.checkpoint_note().to_owned());
        assert_eq!(scene.tampered(|a| a.proof = short.to_string()), "merkle_proof_length");
    }
}

#[test]
fn the_log_must_have_signed_the_checkpoint() {
    let scene = Scene::new();
    let mut mallory = World::new();
    mallory.checkpoint_key = SoftwareKey::ed25519_from_seed(&[66; 32]);
    mallory.leaves = scene.world.leaves.clone();
    let (forged, _) = mallory.head();
    assert_eq!(
        scene.tampered(|a| a.checkpoint = forged.clone()),
        "note_no_known_signature"
    );
    let proof: TlogProof = scene.answer.proof.parse().unwrap();
    let proof = TlogProof::new(proof.index(), proof.hashes().to_vec(), forged);
    assert_eq!(
        scene.tampered(|a| a.proof = proof.to_string()),
        "note_no_known_signature"
    );
    // A note of another log, though its key is the same.
    mallory.checkpoint_key = scene.world.checkpoint_key.clone();
    mallory.origin = p("other.example/log");
    let (elsewhere, _) = mallory.head();
    assert_eq!(scene.tampered(|a| a.checkpoint = elsewhere), "checkpoint_other_origin");
}

#[test]
fn acknowledgement_proof_and_checkpoint_are_of_one_head() {
    let mut scene = Scene::new();
    let request = scene.world.request(&[letters()]);
    let later = scene.world.answer(&request, 0);
    assert_eq!(scene.tampered(|a| a.checkpoint = later.checkpoint.clone()), "ack_head");
    assert_eq!(scene.lied(|s| s.size += 1), "ack_head");
    assert_eq!(scene.lied(|s| s.root = Digest::of(b"another tree")), "ack_head");
    assert_eq!(scene.lied(|s| (s.index, s.last_index) = (2, Some(2))), "ack_index");
}

#[test]
fn a_lying_operator_contradicts_itself() {
    let scene = Scene::new();
    let other = Digest::of(b"another record");
    assert_eq!(scene.lied(|s| s.origin = p("other.example/log")), "ack_other_log");
    assert_eq!(scene.lied(|s| s.leaf_hash = other), "ack_leaf");
    assert_eq!(
        scene.lied(|s| s.controller = p("did:web:other.example")),
        "ack_controller"
    );
    assert_eq!(scene.lied(|s| s.consent = Some(other)), "ack_consent");
    assert_eq!(scene.lied(|s| s.consent = None), "ack_consent");
    assert_eq!(scene.lied(|s| s.last_index = None), "ack_consent");
    assert_eq!(scene.lied(|s| s.last_digest = None), "ack_consent");
    assert_eq!(scene.lied(|s| s.last_digest = Some(other)), "ack_consent");
    assert_eq!(scene.lied(|s| s.last_index = Some(4)), "ack_consent");
    assert_eq!(
        scene.lied(|s| (s.last_index, s.last_digest) = (Some(2), Some(other))),
        "ack_consent"
    );
    assert_eq!(
        scene.lied(|s| (s.last_index, s.last_digest) = (Some(7), Some(other))),
        "ack_consent"
    );
}

#[test]
fn an_answer_to_another_record_is_no_answer() {
    let mut scene = Scene::new();
    let key = person(Algorithm::Ed25519);
    let ended = withdraw(&scene.built.state, None, &scene.world.pen(&key, NOW)).unwrap();
    let answer = scene.world.answer(&ended.record, 0);
    assert_eq!(scene.judge(&answer).unwrap_err(), AckError::Leaf);
    // The right answer to a withdrawal names the grant's consent.
    let judged = check_acknowledgement(&ended.bytes, &answer, &scene.world.trust(), &Sight::default()).unwrap();
    assert_eq!(judged.statement.consent, Some(scene.built.record.digest()));
    let garbage = check_acknowledgement(b"{}", &answer, &scene.world.trust(), &Sight::default());
    assert_eq!(garbage.unwrap_err().code(), "malformed");
}

#[test]
fn a_request_belongs_to_no_consent() {
    let mut world = World::new();
    let (body, notice) = asking(&[letters()]);
    let asked = brand::request(body, &[notice], world.brand(), &world.pen(&world.brand_key, NOW)).unwrap();
    let answer = world.answer(&asked.record, 0);
    let judge = |change: &dyn Fn(&mut Acknowledgement)| {
        let mut statement = answer.acknowledgement.statement.clone();
        change(&mut statement);
        let acknowledgement = sign_statement(statement, &world.operator).unwrap();
        let answer = RecordAnswer {
            acknowledgement,
            ..answer.clone()
        };
        let judged = check_acknowledgement(&asked.bytes, &answer, &world.trust(), &Sight::default());
        judged
            .map(|believed| believed.overtaken_by)
            .map_err(|error| error.code())
    };
    assert_eq!(judge(&|_| ()), Ok(None));
    assert_eq!(judge(&|s| s.consent = Some(asked.record.digest())), Err("ack_consent"));
    assert_eq!(judge(&|s| s.last_index = Some(s.index)), Err("ack_consent"));
    assert_eq!(
        judge(&|s| s.last_digest = Some(asked.record.digest())),
        Err("ack_consent")
    );
    assert_eq!(
        judge(&|s| s.controller = p("did:web:other.example")),
        Err("ack_controller")
    );
}

#[test]
fn somebody_elses_later_event_is_told() {
    let scene = Scene::new();
    let theirs = Digest::of(b"the controller's ending");
    let mut statement = scene.answer.acknowledgement.statement.clone();
    (statement.last_index, statement.last_digest) = (Some(5), Some(theirs));
    let acknowledgement = sign_statement(statement, &scene.world.operator).unwrap();
    let answer = RecordAnswer {
        acknowledgement,
        ..scene.answer.clone()
    };
    assert_eq!(scene.judge(&answer).unwrap().overtaken_by, Some(theirs));
}

#[test]
fn keys_are_pinned_whole() {
    let world = World::new();
    let trust = |vkeys: &[&str], operators: &[_]| LogTrust::new(world.origin.clone(), vkeys, operators).unwrap_err();
    assert!(matches!(
        trust(&["nonsense"], &[world.operator.did()]),
        LogTrustError::Vkey(_)
    ));
    assert!(matches!(trust(&[], &[world.operator.did()]), LogTrustError::Keys(_)));
    let note = world.trust();
    let vkey = note.checkpoint_keys().log_keys().next().unwrap().to_string();
    assert_eq!(trust(&[&vkey], &[]), LogTrustError::NoOperator);
    assert!(matches!(
        trust(&[&vkey], &[p("did:web:operator.example")]),
        LogTrustError::Operator { .. }
    ));
}

#[test]
fn a_withdrawal_must_reach_its_own_controller() {
    let mut scene = Scene::new();
    let key = person(Algorithm::Ed25519);
    let ended = withdraw(&scene.built.state, None, &scene.world.pen(&key, NOW)).unwrap();
    let mut answer = scene.world.answer(&ended.record, 0);
    let judge = |answer: &RecordAnswer| {
        check_acknowledgement(&ended.bytes, answer, &scene.world.trust(), &Sight::default()).unwrap()
    };
    assert_eq!(judge(&answer).concerns(&ended.state), Ok(()));
    let mut other = ended.state.clone();
    other.consent = Digest::of(b"another consent");
    assert_eq!(judge(&answer).concerns(&other).unwrap_err().code(), "ack_consent");
    // The withdrawal alone does not say whom it is for: only the wallet's own state shows the diversion.
    let mut statement = answer.acknowledgement.statement.clone();
    statement.controller = p("did:web:other.example");
    answer.acknowledgement = sign_statement(statement, &scene.world.operator).unwrap();
    assert_eq!(
        judge(&answer).concerns(&ended.state).unwrap_err().code(),
        "ack_controller"
    );
}
