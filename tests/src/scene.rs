//! One brand, one person, one consent, and three witnesses who see the log from time to time.

use placet_kernel::bundle::{self, Evidence, Report};
use placet_kernel::code::WithdrawalCode;
use placet_kernel::sign::Algorithm;
use placet_kernel::trust::{Trust, TrustFile};
use placet_schemas::id::{Did, Digest};
use placet_schemas::lifecycle::State;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::consent::{Anchor, Strength};
use placet_schemas::record::holders::Holders;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_schemas::scope::Clause;
use placet_schemas::time::Timestamp;
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::records::{self, Built, Erasure, GrantChoice, Showing};
use placet_wallet::{Pen, brand as builders};

use crate::brand::Brand;
use crate::log::{Published, TestLog, Witness, trust, trust_file};
use crate::offer::{Offer, newsletter, offer, recommendations, seats};
use crate::{Claim, bytes_of, p};

/// When every scene begins.
pub const BEGINNING: &str = "2026-11-22T05:00:00Z";
/// The origin of the log of [`Scene::new`].
pub const ORIGIN: &str = "placet.example/log";

/// A consent as it comes to be, with everything around it.
#[derive(Debug)]
pub struct Scene {
    /// The log.
    pub log: TestLog,
    /// The time of whatever happens next.
    pub clock: Timestamp,
    /// The brand that asks.
    pub brand: Brand,
    /// What it asks.
    pub request: CanonicalRecord,
    /// With which notices.
    pub notices: Vec<CanonicalNotice>,
    /// The person's key at this brand.
    pub person: SoftwareKey,
    /// Her withdrawal code.
    pub code: WithdrawalCode,
    /// The consent as it is now.
    pub state: Option<State>,
    /// Three witnesses.
    pub witnesses: Vec<Witness>,
    /// The checkpoints so far.
    pub checkpoints: Vec<Published>,
    /// The tree size of the last checkpoint that her wallet saw.
    pub seen: u64,
}

impl Scene {
    /// The cinema has registered and asks for three things; a checkpoint is out. A minute lies between any two acts.
    #[must_use]
    pub fn new() -> Self {
        let brand = Brand::cinema();
        let asked = offer(&[&brand], vec![newsletter(), recommendations(), seats()], 0);
        Self::set(TestLog::new(ORIGIN), brand, asked)
    }

    /// The same where a brand asks for something else, or in another log.
    #[must_use]
    pub fn set(log: TestLog, brand: Brand, asked: Offer) -> Self {
        let mut scene = Self {
            person: Self::key_of(&log, &brand, Algorithm::Ed25519),
            code: WithdrawalCode::from_random(bytes_of("withdrawal code")),
            clock: p(BEGINNING),
            request: Self::signed_request(&log, &brand, &asked, p(BEGINNING)),
            notices: asked.notices,
            state: None,
            witnesses: ["w1", "w2", "w3"].map(Witness::new).into(),
            checkpoints: Vec::new(),
            seen: 0,
            log,
            brand,
        };
        scene.register();
        scene.log.append(scene.request.clone());
        scene.log.strangers(2);
        scene.publish();
        scene
    }

    /// Gives the person a key of this kind; only before the grant.
    pub fn use_curve(&mut self, curve: Algorithm) {
        self.person = Self::key_of(&self.log, &self.brand, curve);
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: u64) {
        self.clock = self.clock.plus_seconds(seconds);
    }

    /// Records the brand's keys as they are now.
    pub fn register(&mut self) -> u64 {
        let record = self.brand.keys_record(&self.log.origin, &self.log.operator, self.clock);
        self.record(record)
    }

    /// Records a yes to the newsletter and the recommendations, for a year.
    pub fn grant(&mut self) -> u64 {
        self.grant_for(&[newsletter(), recommendations()], self.clock.plus(p("P1Y")))
    }

    /// Records a yes to what `clauses` are.
    pub fn grant_for(&mut self, clauses: &[Clause], until: Timestamp) -> u64 {
        let built = self.built_grant(clauses, until);
        self.follow(built)
    }

    /// The same with an express statement on each of them.
    pub fn grant_explicit(&mut self, clauses: &[Clause]) -> u64 {
        let digests: Vec<Digest> = clauses.iter().map(Clause::digest).collect();
        let (language, page) = (p("en"), p("page 1"));
        let choice = GrantChoice {
            showing: Showing {
                explicit: &digests,
                ..self.showing(&language, &page, Some(self.clock.plus(p("P1Y"))))
            },
            invitation: &Invitation::from_random(bytes_of("invitation")),
            selected: &digests,
        };
        let built = records::grant(&choice, &self.code, &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records a yes to the newsletter alone, authorised like this.
    pub fn grant_by(&mut self, strength: Strength) -> u64 {
        let digests = [newsletter().digest()];
        let (language, page) = (p("en"), p("page 1"));
        let choice = GrantChoice {
            showing: Showing {
                strength,
                ..self.showing(&language, &page, None)
            },
            invitation: &Invitation::from_random(bytes_of("invitation")),
            selected: &digests,
        };
        let built = records::grant(&choice, &self.code, &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records that these are taken back.
    pub fn narrow_by(&mut self, patterns: Vec<Pattern>) -> u64 {
        let built = records::narrow(self.state(), patterns, self.anchor(), &self.pen()).unwrap();
        self.follow(built)
    }

    /// The yes, not recorded.
    #[must_use]
    pub fn built_grant(&self, clauses: &[Clause], until: Timestamp) -> Built {
        let selected: Vec<Digest> = clauses.iter().map(Clause::digest).collect();
        let (language, page) = (p("en"), p("page 1"));
        let choice = GrantChoice {
            showing: self.showing(&language, &page, Some(until)),
            invitation: &Invitation::from_random(bytes_of("invitation")),
            selected: &selected,
        };
        records::grant(&choice, &self.code, &self.pen()).unwrap()
    }

    /// Records that one category is taken back.
    pub fn narrow(&mut self) -> u64 {
        let value = Value::Category(p("pd:Purchase"));
        self.narrow_by(vec![Pattern::Value { purpose: None, value }])
    }

    /// Records a renewal until `until`.
    pub fn renew(&mut self, until: Timestamp) -> u64 {
        let (language, page) = (p("de"), p("page 1"));
        let showing = self.showing(&language, &page, Some(until));
        let built = records::renew(self.state(), None, &showing, &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records a withdrawal by her own key.
    pub fn withdraw(&mut self) -> u64 {
        let built = records::withdraw(self.state(), Some(self.anchor()), &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records a withdrawal by the code on paper.
    pub fn withdraw_with_code(&mut self) -> u64 {
        let (origin, consent) = (&self.log.origin, self.consent());
        let record = records::withdraw_with_code(consent, &self.code, origin, self.random(), self.clock).unwrap();
        self.record(record)
    }

    /// Records a withdrawal that she told the brand by telephone.
    pub fn relay_withdrawal(&mut self) -> u64 {
        let (channel, pen) = (p("phone"), self.brand_pen());
        let built = builders::relay_withdrawal(self.consent(), channel, self.clock, self.brand.signer(), &pen);
        self.record(built.unwrap())
    }

    /// Records that the brand ends the consent.
    pub fn end(&mut self) -> u64 {
        let reason = p("The club was closed.");
        let built = builders::end(self.consent(), reason, self.brand.signer(), &self.brand_pen());
        self.record(built.unwrap())
    }

    /// Records an erasure request.
    pub fn erase(&mut self) -> u64 {
        let built = records::erase(self.state(), Erasure::default(), self.anchor(), &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records which other keys may hold receipts.
    pub fn authorize_holders(&mut self, holders: &[Did]) -> u64 {
        let holders = Holders::from_members(holders.iter().cloned()).unwrap();
        let built = records::authorize_holders(self.state(), holders, &self.pen()).unwrap();
        self.follow(built)
    }

    /// Records whatever anybody signed.
    pub fn record(&mut self, record: CanonicalRecord) -> u64 {
        let index = self.log.append(record);
        self.pass(60);
        index
    }

    /// A checkpoint of all records so far that all witnesses cosign now; her wallet sees it.
    pub fn publish(&mut self) -> u64 {
        let now = self.clock;
        let witnesses = self.witnesses.clone();
        let cosigners: Vec<(&Witness, Timestamp)> = witnesses.iter().map(|witness| (witness, now)).collect();
        self.publish_by(&cosigners)
    }

    /// A checkpoint that these cosign at these times.
    pub fn publish_by(&mut self, cosigners: &[(&Witness, Timestamp)]) -> u64 {
        let size = self.log.size();
        self.checkpoints.push(self.log.publish(size, cosigners));
        self.seen = size;
        self.pass(60);
        size
    }

    /// The consent that was given last.
    ///
    /// # Panics
    /// When none was given.
    #[must_use]
    pub fn consent(&self) -> Digest {
        self.state().consent
    }

    /// Its state.
    ///
    /// # Panics
    /// When none was given.
    #[must_use]
    pub fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    /// An honest bundle under the checkpoints that contain the grant.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let consent = self.consent();
        let has = |published: &&Published| self.log.attest(consent, published.size).is_some();
        let checkpoints: Vec<Published> = self.checkpoints.iter().filter(has).cloned().collect();
        self.log.evidence(consent, &checkpoints, &self.notices)
    }

    /// A trust file that asks for two of the three witnesses.
    #[must_use]
    pub fn trust_file(&self) -> TrustFile {
        trust_file(self.log.keys(), &self.witnesses, 2)
    }

    /// The same, checked.
    #[must_use]
    pub fn trust(&self) -> Trust {
        trust(&self.trust_file())
    }

    /// Judges a bundle by that trust, now.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence, as_of: Option<Timestamp>) -> Report {
        self.judge_bytes(&evidence.to_bytes().unwrap(), as_of)
    }

    /// The same of bytes.
    ///
    /// # Panics
    /// When they are no bundle at all.
    #[must_use]
    pub fn judge_bytes(&self, bytes: &[u8], as_of: Option<Timestamp>) -> Report {
        bundle::verify(bytes, Some(&self.trust()), self.clock, as_of).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// The last checkpoint that her wallet saw.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        self.log.anchor(self.seen)
    }

    /// What she signs with.
    #[must_use]
    pub fn pen(&self) -> Pen<'_> {
        Pen {
            origin: &self.log.origin,
            key: &self.person,
            random: self.random(),
            now: self.clock,
        }
    }

    /// What the brand signs with.
    #[must_use]
    pub fn brand_pen(&self) -> Pen<'_> {
        Pen {
            key: &self.brand.key,
            ..self.pen()
        }
    }

    /// A claim of hers, to be spoilt before it is signed.
    #[must_use]
    pub fn claim(&self, body: placet_schemas::record::Body) -> Claim {
        Claim {
            issuer: self.person.did(),
            method: None,
            domain: self.log.origin.clone(),
            from: self.clock,
            until: None,
            challenge: None,
            body,
        }
    }

    /// A claim of the brand's, likewise.
    #[must_use]
    pub fn brand_claim(&self, body: placet_schemas::record::Body) -> Claim {
        Claim {
            issuer: self.brand.did.clone(),
            method: Some(self.brand.method.clone()),
            ..self.claim(body)
        }
    }

    /// What she is shown: this request, in this language.
    #[must_use]
    pub fn showing<'a>(
        &'a self,
        language: &'a placet_schemas::id::Language,
        page: &'a placet_schemas::text::Text,
        valid_until: Option<Timestamp>,
    ) -> Showing<'a> {
        Showing {
            request: &self.request.record,
            language,
            explicit: &[],
            valid_until,
            strength: Strength::SubjectKey,
            anchor: self.anchor(),
            page,
        }
    }

    fn follow(&mut self, built: Built) -> u64 {
        let Built { bytes, record, state } = built;
        self.state = Some(state);
        self.record(CanonicalRecord { record, bytes })
    }

    fn random(&self) -> [u8; 16] {
        bytes_of(&format!("{} {}", self.log.origin, self.log.size()))
    }

    fn key_of(log: &TestLog, brand: &Brand, curve: Algorithm) -> SoftwareKey {
        Seed::from_bytes(bytes_of("a person")).pairwise(&log.origin, &brand.did, curve, 0)
    }

    fn signed_request(log: &TestLog, brand: &Brand, asked: &Offer, at: Timestamp) -> CanonicalRecord {
        let pen = Pen {
            origin: &log.origin,
            key: &brand.key,
            random: bytes_of(&format!("request of {}", brand.did)),
            now: at,
        };
        builders::request(asked.request.clone(), &asked.notices, brand.signer(), &pen).unwrap()
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}
