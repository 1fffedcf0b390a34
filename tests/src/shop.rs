//! A brand that has registered on a running node and asks, and the people who answer it: over HTTP alone.

use std::thread;
use std::time::Duration;

use placet_kernel::code::WithdrawalCode;
use placet_kernel::jws;
use placet_kernel::sign::Algorithm;
use placet_schemas::api::{
    Challenge, DESTRUCTION_ORDER_TYP, DestructionPage, DestructionSummary, Invitations, Invite, IssueToken,
    IssuedToken, Nothing, NoticeAnswer, OrderClaims, OrderDestruction, REGISTRATION_TYP, RecordAnswer,
    RegisterController, RegistrationClaims, Role,
};
use placet_schemas::id::{Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::consent::{Anchor, ErasureGround, Strength};
use placet_schemas::record::request::Supersedes;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_schemas::scope::Clause;
use placet_wallet::Pen;
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::records::{self, Built, GrantChoice, Showing};
use placet_wallet::sight::Sight;

use crate::brand::Brand;
use crate::caller::Caller;
use crate::offer::offer;
use crate::process::{NodeProcess, now};
use crate::{bytes_of, p};

/// A brand on a node.
#[derive(Debug)]
pub struct Shop {
    /// The log.
    pub origin: Origin,
    /// The brand.
    pub brand: Brand,
    /// Its bearer token.
    pub token: String,
}

/// A person at one shop: her key there, and the code that she keeps on paper.
#[derive(Debug)]
pub struct Customer {
    /// Her key.
    pub key: SoftwareKey,
    /// Her code.
    pub code: WithdrawalCode,
    name: String,
}

impl Shop {
    /// Registers the brand and gets it a token.
    ///
    /// # Panics
    /// When the node refuses.
    #[must_use]
    pub fn open(node: &NodeProcess, origin: &Origin, brand: Brand) -> Self {
        let mut operator = node.operator();
        let Challenge { nonce, .. } = operator.post_json("/v1/challenges", &Nothing {});
        let claims = RegistrationClaims {
            aud: origin.clone(),
            iat: now().unix(),
            nonce,
            sub: brand.did.clone(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        let order = RegisterController {
            did: brand.did.clone(),
            legal_name: p(brand.legal_name),
            document: (!brand.did.is_key()).then(|| serde_json::to_value(brand.keys().document).unwrap()),
            challenge: jws::sign(&claims, REGISTRATION_TYP, &brand.method, &brand.key).unwrap(),
        };
        let _: RecordAnswer = operator.post_json("/v1/controllers", &order);
        let order = IssueToken {
            role: Role::Brand,
            controller: Some(brand.did.clone()),
            audit: None,
            kinds: None,
            key: None,
            label: p("shop"),
            expires_in_seconds: None,
        };
        let IssuedToken { token, .. } = operator.post_json("/v1/tokens", &order);
        Self {
            origin: origin.clone(),
            brand,
            token,
        }
    }

    /// The brand, ready to call.
    #[must_use]
    pub fn caller(&self, node: &NodeProcess) -> Caller {
        Caller::with_token(node.address(), &self.token)
    }

    /// Publishes notices and a request for these clauses; `name` tells it from the brand's other requests.
    ///
    /// # Panics
    /// When the node refuses.
    #[must_use]
    pub fn ask(&self, node: &NodeProcess, name: &str, clauses: Vec<Clause>) -> CanonicalRecord {
        self.ask_instead(node, name, clauses, None)
    }

    /// The same in place of an earlier request.
    ///
    /// # Panics
    /// When the node refuses.
    #[must_use]
    pub fn ask_instead(
        &self,
        node: &NodeProcess,
        name: &str,
        clauses: Vec<Clause>,
        supersedes: Option<Supersedes>,
    ) -> CanonicalRecord {
        let mut caller = self.caller(node);
        let mut asked = offer(&[&self.brand], clauses, 0);
        asked.request.supersedes = supersedes;
        for notice in &asked.notices {
            let NoticeAnswer { digest } = serde_json::from_slice(&caller.post("/v1/notices", &notice.bytes)).unwrap();
            assert_eq!(digest, notice.digest());
        }
        let pen = Pen {
            origin: &self.origin,
            key: &self.brand.key,
            random: bytes_of(&format!("request {name} of {}", self.brand.did)),
            now: now(),
        };
        let request = placet_wallet::brand::request(asked.request, &asked.notices, self.brand.signer(), &pen).unwrap();
        caller.post("/v1/requests", &request.bytes);
        request
    }

    /// Has a consent destroyed by the brand's order, and waits until the node itself holds nothing of it.
    ///
    /// # Panics
    /// When the node refuses.
    pub fn destroy(&self, node: &NodeProcess, consent: &Digest) -> DestructionSummary {
        let claims = OrderClaims {
            origin: self.origin.clone(),
            consent: *consent,
            ground: ErasureGround::NoLongerNecessary,
            date: now(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        let order = jws::sign(&claims, DESTRUCTION_ORDER_TYP, &self.brand.method, &self.brand.key).unwrap();
        let mut operator = node.operator();
        let ordered: DestructionSummary = operator.post_json("/v1/destructions", &OrderDestruction { order });
        loop {
            let page: DestructionPage = serde_json::from_slice(&operator.get("/v1/destructions")).unwrap();
            let found = page.destructions.into_iter().find(|found| found.index == ordered.index);
            match found {
                Some(found) if !found.pending.iter().any(|name| name == "ledger") => return found,
                _ => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Fresh invitations to a request.
    ///
    /// # Panics
    /// When the node refuses.
    #[must_use]
    pub fn invite(&self, node: &NodeProcess, request: &CanonicalRecord, count: u32) -> Vec<Invitation> {
        let path = format!("/v1/requests/{}/invitations", request.record.digest());
        let order = Invite {
            count: Some(count),
            ttl_seconds: None,
        };
        let Invitations { invitations } = self.caller(node).post_json(&path, &order);
        invitations.into_iter().map(|fresh| fresh.invitation).collect()
    }

    /// The yes of somebody whom only this name knows, to these clauses of a request, by an invitation of her own: signed and
    /// not sent.
    ///
    /// # Panics
    /// When the node refuses to invite her.
    #[must_use]
    pub fn yes(
        &self,
        node: &NodeProcess,
        request: &CanonicalRecord,
        name: &str,
        clauses: &[Clause],
    ) -> (Customer, Built) {
        let invitations = self.invite(node, request, 1);
        let customer = self.customer(name);
        let grant = customer.grant(self, request, &invitations[0], clauses, Sight::default().anchor());
        (customer, grant)
    }

    /// Somebody whom only this name knows.
    #[must_use]
    pub fn customer(&self, name: &str) -> Customer {
        Customer {
            key: Seed::from_bytes(bytes_of(name)).pairwise(&self.origin, &self.brand.did, Algorithm::Ed25519, 0),
            code: WithdrawalCode::from_random(bytes_of(&format!("code {name}"))),
            name: name.to_owned(),
        }
    }
}

impl Customer {
    /// Her yes to these clauses of a request, signed now.
    ///
    /// # Panics
    /// When no wallet would sign it.
    #[must_use]
    pub fn grant(
        &self,
        shop: &Shop,
        request: &CanonicalRecord,
        invitation: &Invitation,
        clauses: &[Clause],
        anchor: Anchor,
    ) -> Built {
        let selected: Vec<Digest> = clauses.iter().map(Clause::digest).collect();
        let choice = GrantChoice {
            showing: Showing {
                request: &request.record,
                language: &p("en"),
                explicit: &[],
                valid_until: None,
                strength: Strength::SubjectKey,
                anchor,
                page: &p("page 1"),
            },
            invitation,
            selected: &selected,
        };
        records::grant(&choice, &self.code, &self.pen(shop, "grant")).unwrap()
    }

    /// What she signs with; `act` tells it from her other acts.
    #[must_use]
    pub fn pen<'a>(&'a self, shop: &'a Shop, act: &str) -> Pen<'a> {
        Pen {
            origin: &shop.origin,
            key: &self.key,
            random: bytes_of(&format!("{act} {}", self.name)),
            now: now(),
        }
    }
}
