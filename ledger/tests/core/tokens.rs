//! Bearer tokens.

use placet_ledger::{Role, StoreError, TokenId, TokenOrder};

use crate::world::{Brand, World, p};

fn order(role: Role) -> TokenOrder {
    TokenOrder {
        role,
        controller: None,
        audit: None,
        kinds: None,
        key: None,
        label: "till 4".to_owned(),
        expires: None,
    }
}

#[tokio::test]
async fn a_token_speaks_for_whom_it_was_made_until_it_ends() {
    let mut world = World::empty().await;
    let brand = Brand::named("cinema.example");
    world.register(&brand).await;
    let of_brand = TokenOrder {
        controller: Some(brand.did.clone()),
        ..order(Role::Brand)
    };
    let (id, token) = world.ledger.issue_token(of_brand).await.unwrap();
    let short = TokenOrder {
        expires: Some(world.now().plus_seconds(60)),
        ..order(Role::Operator)
    };
    let (short_id, short) = world.ledger.issue_token(short).await.unwrap();
    world.reopen().await;
    let access = world.ledger.authenticate(token.expose()).await.unwrap().unwrap();
    assert_eq!(
        (&access.id, access.role, access.controller),
        (&id, Role::Brand, Some(brand.did.clone()))
    );
    assert_eq!(
        world.ledger.authenticate(short.expose()).await.unwrap().unwrap().role,
        Role::Operator
    );
    world.clock.pass(60);
    assert_eq!(world.ledger.authenticate(short.expose()).await.unwrap(), None);
    assert!(world.ledger.revoke_token(&id).await.unwrap());
    assert!(!world.ledger.revoke_token(&id).await.unwrap());
    assert_eq!(world.ledger.authenticate(token.expose()).await.unwrap(), None);
    for wrong in ["", "placet_", "placet_AAAA", &token.expose()[1..]] {
        assert_eq!(world.ledger.authenticate(wrong).await.unwrap(), None, "{wrong}");
    }
    let mut expected = vec![id.clone(), short_id];
    expected.sort();
    let mut listed = Vec::new();
    while let Some(row) = world.ledger.tokens(listed.last().cloned(), 1).await.unwrap().pop() {
        assert_eq!((row.label.as_str(), row.revoked.is_some()), ("till 4", row.id == id));
        listed.push(row.id);
    }
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_token_of_a_stranger_is_not_made() {
    let world = World::empty().await;
    let stranger = TokenOrder {
        controller: Some(p("did:web:stranger.example")),
        ..order(Role::Brand)
    };
    assert!(matches!(
        world.ledger.issue_token(stranger).await,
        Err(StoreError::ControllerUnknown)
    ));
    assert!(world.ledger.tokens(None, 10).await.unwrap().is_empty());
}

#[test]
fn a_tokens_name_has_one_spelling() {
    assert!("0123456789abcdef".parse::<TokenId>().is_ok());
    for wrong in [
        "",
        "0123456789ABCDEF",
        "0123456789abcde",
        "0123456789abcdeg",
        "0123456789abcdef0",
    ] {
        assert!(wrong.parse::<TokenId>().is_err(), "{wrong}");
    }
}
