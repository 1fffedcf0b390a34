//! What a log would refuse, the wallet refuses first, with the same code, and no key signs it.

use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{Digest, Language, Origin};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::consent::Anchor;
use placet_schemas::record::holders::Holders;
use placet_schemas::record::request::{Audience, ConsentRequest, Notices};
use placet_schemas::record::{Body, CanonicalRecord, Record};
use placet_schemas::text::Texts;
use placet_wallet::brand::{self, Brand};
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{
    Built, Erasure, GrantChoice, authorize_holders, erase, grant, narrow, renew, withdraw, withdraw_unseen,
};
use placet_wallet::{BuildError, Pen};

use crate::world::{Counting, NOW, World, asking, code, films, invitation, letters, p, person, scope, seats};

struct Scene {
    world: World,
    key: Counting,
    request: Record,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let request = world.request(&[films(), letters(), seats()]);
        Self {
            world,
            key: Counting {
                key: person(Algorithm::Ed25519),
                signed: Default::default(),
            },
            request,
        }
    }

    fn pen(&self, now: &str) -> Pen<'_> {
        self.world.pen(&self.key, now)
    }

    fn anchor(&self) -> Anchor {
        self.world.anchor()
    }

    fn given(&self) -> Built {
        self.world.consent(&self.request, &self.key.key)
    }

    /// Tries a grant of `selected`, with `explicit` statements.
    fn grant(&self, selected: &[Digest], explicit: &[Digest]) -> Result<Built, BuildError> {
        let showing = self.world.showing(&self.request, explicit);
        grant(
            &GrantChoice {
                showing,
                invitation: &invitation(),
                selected,
            },
            &code(),
            &self.pen(NOW),
        )
    }

    /// The code of the refusal, when nothing was signed.
    fn refused(&self, outcome: Result<Built, BuildError>) -> &'static str {
        let code = outcome.unwrap_err().code();
        assert_eq!(self.key.signed.get(), 0, "{code}: a key signed what would be refused");
        code
    }
}

#[test]
fn grants_outside_their_request() {
    let scene = Scene::new();
    let (films, seats) = (films().digest(), seats().digest());
    assert_eq!(scene.refused(scene.grant(&[], &[])), "scope_empty");
    assert_eq!(
        scene.refused(scene.grant(&[films, Digest::of(b"?")], &[])),
        "grant_outside_request"
    );
    assert_eq!(scene.refused(scene.grant(&[films, seats], &[])), "explicit_act_missing");
    assert_eq!(
        scene.refused(scene.grant(&[films], &[seats])),
        "statement_without_choice"
    );
    scene.grant(&[films, films, seats], &[seats]).unwrap();
    assert_eq!(scene.key.signed.get(), 1, "one signature, and no more");
}

#[test]
fn grants_that_are_shown_wrongly() {
    let scene = Scene::new();
    let selected = [letters().digest()];
    let attempt = |change: &dyn Fn(&mut GrantChoice<'_>)| {
        let invitation = invitation();
        let showing = scene.world.showing(&scene.request, &[]);
        let mut choice = GrantChoice {
            showing,
            invitation: &invitation,
            selected: &selected,
        };
        change(&mut choice);
        scene.refused(grant(&choice, &code(), &scene.pen(NOW)))
    };
    assert_eq!(
        attempt(&|c| c.showing.valid_until = Some(p("2028-11-22T05:00:01Z"))),
        "grant_outside_request"
    );
    assert_eq!(attempt(&|c| c.showing.valid_until = Some(p(NOW))), "malformed");
    let french: Language = p("fr");
    let built = {
        let mut showing = scene.world.showing(&scene.request, &[]);
        showing.language = &french;
        let choice = GrantChoice {
            showing,
            invitation: &invitation(),
            selected: &selected,
        };
        grant(&choice, &code(), &scene.pen(NOW))
    };
    assert_eq!(built, Err(BuildError::NoNotice(french.clone())));
    let grant_record = scene.given().record;
    let choice = GrantChoice {
        showing: scene.world.showing(&grant_record, &[]),
        invitation: &invitation(),
        selected: &selected,
    };
    assert_eq!(grant(&choice, &code(), &scene.pen(NOW)), Err(BuildError::NotARequest));
}

#[test]
fn a_request_of_another_log_is_not_answered() {
    let scene = Scene::new();
    let elsewhere: Origin = p("other.example/log");
    let showing = scene.world.showing(&scene.request, &[]);
    let choice = GrantChoice {
        showing,
        invitation: &invitation(),
        selected: &[letters().digest()],
    };
    let pen = Pen {
        origin: &elsewhere,
        ..scene.pen(NOW)
    };
    assert_eq!(scene.refused(grant(&choice, &code(), &pen)), "wrong_domain");
}

/// A request that no brand's wallet would sign, signed all the same.
fn forced(world: &World, change: impl Fn(&mut ConsentRequest)) -> Record {
    let (mut request, _) = asking(&[letters()]);
    change(&mut request);
    let body = Body::ConsentRequest(Box::new(request));
    let bytes = world.force(body, &world.cinema, Some(world.method.clone()), &world.brand_key);
    CanonicalRecord::parse(&bytes).unwrap().record
}

#[test]
fn a_request_that_must_not_be_asked_is_not_answered() {
    let scene = Scene::new();
    let english = |text: &str| {
        Texts::try_from(
            [(p("en"), p(text))]
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        )
    };
    let children = forced(&scene.world, |request| {
        request.audience = Audience {
            may_include_children: true,
            description: english("Families.").unwrap(),
        };
    });
    let vocabulary = forced(&scene.world, |request| {
        request.vocabulary = Digest::of(b"another table")
    });
    let vague = forced(&scene.world, |request| {
        let mut clause = letters();
        clause.purpose.is_a = p("dpv:Marketing");
        request.clauses = scope(&[clause]);
    });
    for (request, code_expected) in [
        (&children, "guardian_unsupported"),
        (&vocabulary, "vocabulary_unknown"),
        (&vague, "scope_not_specific"),
    ] {
        let Body::ConsentRequest(body) = &request.body else {
            panic!("no request")
        };
        let selected = [body.clauses.clauses()[0].digest()];
        let choice = GrantChoice {
            showing: scene.world.showing(request, &[]),
            invitation: &invitation(),
            selected: &selected,
        };
        assert_eq!(scene.refused(grant(&choice, &code(), &scene.pen(NOW))), code_expected);
    }
}

#[test]
fn renewals_that_widen_or_come_too_late() {
    let scene = Scene::new();
    let state = scene.given().state;
    let showing = scene.world.showing(&scene.request, &[]);
    let during = "2027-03-01T00:00:00Z";
    let wider = scope(&[films(), letters(), seats()]);
    let explicit = [seats().digest()];
    let wide = renew(
        &state,
        Some(wider),
        &scene.world.showing(&scene.request, &explicit),
        &scene.pen(during),
    );
    assert_eq!(scene.refused(wide), "renewal_widens");

    let mut sooner = showing;
    sooner.valid_until = Some(p("2027-11-22T05:00:00Z"));
    assert_eq!(
        scene.refused(renew(&state, None, &sooner, &scene.pen(during))),
        "renewal_not_later"
    );
    // At the very second of the expiry it is over.
    let at_expiry = renew(&state, None, &showing, &scene.pen("2027-11-22T05:00:00Z"));
    assert_eq!(scene.refused(at_expiry), "consent_expired");
    renew(&state, None, &showing, &scene.pen("2027-11-22T04:59:59Z")).unwrap();

    // A newer request that offers less.
    scene.key.signed.set(0);
    let newer = scene.world.request(&[letters()]);
    let outside = renew(&state, None, &scene.world.showing(&newer, &[]), &scene.pen(during));
    assert_eq!(scene.refused(outside), "grant_outside_request");
}

#[test]
fn narrowings_that_do_not_narrow() {
    let scene = Scene::new();
    let state = scene.given().state;
    let try_out =
        |patterns: Vec<Pattern>, now| scene.refused(narrow(&state, patterns, scene.anchor(), &scene.pen(now)));
    let value = |term| Pattern::Value {
        purpose: None,
        value: Value::Category(p(term)),
    };
    assert_eq!(try_out(vec![], NOW), "narrowing_matches_nothing");
    assert_eq!(try_out(vec![value("pd:Disability")], NOW), "narrowing_matches_nothing");
    let all = state
        .scope
        .clauses()
        .iter()
        .map(|clause| Pattern::Clause(Box::new(clause.clone())))
        .collect();
    assert_eq!(try_out(all, NOW), "narrowing_nothing_remains");
    assert_eq!(try_out(vec![value("pd:Purchase"); 129], NOW), "malformed");
    assert_eq!(
        try_out(vec![value("pd:Purchase")], "2027-11-22T05:00:00Z"),
        "consent_expired"
    );
}

#[test]
fn an_ended_consent_stays_ended_and_another_key_says_nothing() {
    let scene = Scene::new();
    let state = scene.given().state;
    let ended = withdraw(&state, None, &scene.pen(NOW)).unwrap().state;
    scene.key.signed.set(0);
    let letters_gone = || vec![Pattern::Clause(Box::new(letters()))];
    let showing = scene.world.showing(&scene.request, &[]);
    assert_eq!(scene.refused(withdraw(&ended, None, &scene.pen(NOW))), "consent_ended");
    assert_eq!(
        scene.refused(narrow(&ended, letters_gone(), scene.anchor(), &scene.pen(NOW))),
        "consent_ended"
    );
    assert_eq!(
        scene.refused(renew(&ended, None, &showing, &scene.pen(NOW))),
        "consent_ended"
    );
    let none = Holders::default();
    assert_eq!(
        scene.refused(authorize_holders(&ended, none, &scene.pen(NOW))),
        "consent_ended"
    );
    // Her own key holds receipts anyway.
    let own = Holders::from_members([scene.key.key.did()]).unwrap();
    assert_eq!(
        scene.refused(authorize_holders(&state, own, &scene.pen(NOW))),
        "malformed"
    );

    // The key of another curve is another person, as far as anyone can tell.
    let stranger = Counting {
        key: person(Algorithm::P256),
        signed: Default::default(),
    };
    let scene = Scene { key: stranger, ..scene };
    let showing = scene.world.showing(&scene.request, &[]);
    assert_eq!(
        scene.refused(withdraw(&state, None, &scene.pen(NOW))),
        "consent_unknown"
    );
    assert_eq!(
        scene.refused(narrow(&state, letters_gone(), scene.anchor(), &scene.pen(NOW))),
        "wrong_signer"
    );
    assert_eq!(
        scene.refused(renew(&state, None, &showing, &scene.pen(NOW))),
        "wrong_signer"
    );
    let erasure = erase(&state, Erasure::default(), scene.anchor(), &scene.pen(NOW));
    assert_eq!(scene.refused(erasure), "wrong_signer");
    let holders = authorize_holders(&state, Holders::default(), &scene.pen(NOW));
    assert_eq!(scene.refused(holders), "wrong_signer");
}

#[test]
fn requests_that_a_brand_must_not_make() {
    let world = World::new();
    let key = Counting {
        key: world.brand_key.clone(),
        signed: Default::default(),
    };
    let refused = |request: ConsentRequest, notices: &[_], brand: Brand<'_>| {
        let code = brand::request(request, notices, brand, &world.pen(&key, NOW))
            .unwrap_err()
            .code();
        assert_eq!(key.signed.get(), 0, "{code}");
        code
    };
    let (request, notice) = asking(&[letters()]);
    let (_, other_notice) = asking(&[films()]);
    assert_eq!(refused(request.clone(), &[], world.brand()), "notice_unknown");
    assert_eq!(
        refused(request.clone(), std::slice::from_ref(&other_notice), world.brand()),
        "notice_differs"
    );
    let english = [(p::<Language>("en"), other_notice.digest())]
        .into_iter()
        .collect::<std::collections::BTreeMap<_, _>>();
    let wrong = ConsentRequest {
        notices: Notices::try_from(english).unwrap(),
        ..request.clone()
    };
    assert_eq!(refused(wrong, &[other_notice], world.brand()), "notice_disagrees");
    let stranger = p("did:web:other.example");
    let brand = Brand {
        did: &stranger,
        method: &world.method,
    };
    assert_eq!(
        refused(request.clone(), std::slice::from_ref(&notice), brand),
        "wrong_signer"
    );
    let method = p("did:web:other.example#key-1");
    let brand = Brand {
        did: &world.cinema,
        method: &method,
    };
    assert_eq!(
        refused(request.clone(), std::slice::from_ref(&notice), brand),
        "wrong_signer"
    );
    let vague = ConsentRequest {
        vocabulary: Digest::of(b"another table"),
        ..request
    };
    assert_eq!(refused(vague, &[notice], world.brand()), "vocabulary_unknown");
}

/// A key store that fails: its signatures are of something else, or its public key is.
struct Faulty {
    signs: SoftwareKey,
    shows: SoftwareKey,
}

impl Signer for Faulty {
    fn algorithm(&self) -> Algorithm {
        self.shows.algorithm()
    }
    fn public_key_bytes(&self) -> Vec<u8> {
        self.shows.public_key_bytes()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.signs.sign(message)
    }
}

#[test]
fn a_faulty_signature_is_not_posted() {
    let scene = Scene::new();
    let state = scene.given().state;
    let faulty = Faulty {
        signs: SoftwareKey::ed25519_from_seed(&[66; 32]),
        shows: scene.key.key.clone(),
    };
    let pen = scene.world.pen(&faulty, NOW);
    assert_eq!(withdraw(&state, None, &pen).unwrap_err().code(), "bad_signature");
    assert_eq!(
        withdraw_unseen(state.consent, &pen).unwrap_err().code(),
        "bad_signature"
    );
    let ended = brand::end(state.consent, p("discontinued"), scene.world.brand(), &pen);
    assert_eq!(ended.unwrap_err().code(), "bad_signature");
}
