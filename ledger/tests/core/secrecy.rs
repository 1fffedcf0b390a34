//! What the files on disk give away: nothing about a person without the keyring, and nothing at all to other users.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use placet_kernel::code::WithdrawalCode;
use placet_ledger::{ItemContent, Keys, Ledger, OpenError, Party, Settings};
use placet_schemas::narrowing::{Pattern, Value};
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{narrow, withdraw};

use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person};

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    assert!(needle.len() >= 8, "a short needle is found by chance");
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Everything in the folder whose name starts so, such as a database and its journal.
fn bytes_of(dir: &Path, name: &str) -> Vec<u8> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(name));
    named.flat_map(|path| fs::read(path).unwrap()).collect()
}

#[tokio::test]
async fn nothing_personal_is_in_clear() {
    let world = World::empty().await;
    let (brand, ada, origin) = (Brand::named("cinema.example"), person("ada"), p(ORIGIN));
    let request = world.ask(&brand, vec![clause("films"), clause("plays")]).await;
    let code = WithdrawalCode::from_random([4; 16]);
    let invitation = world.invite(&request).await;
    let granted = world.yes_with(&ada, &request, &invitation, &code);
    world.ledger.submit(&granted.bytes).await.unwrap();
    let pattern = Pattern::Value {
        purpose: None,
        value: Value::Category(p("pd:Interest")),
    };
    let narrowed = narrow(&granted.state, vec![pattern], world.anchor(), &world.pen(&ada, &origin)).unwrap();
    world.ledger.submit(&narrowed.bytes).await.unwrap();
    let ended = withdraw(&narrowed.state, None, &world.pen(&ada, &origin)).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();

    let feed = world.ledger.feed(&brand.did, 2, 3).await.unwrap().unwrap();
    // Once with the journals as a crash would leave them, once closed.
    for closed in [false, true] {
        if closed {
            world.ledger.close().await;
        }
        let data = world.data();
        let (main, keyring) = (bytes_of(&data, "main.db"), bytes_of(&data, "keyring.db"));
        assert!(
            contains(&main, brand.did.as_str().as_bytes()),
            "the search finds what is there"
        );
        let withdrawal_did = SoftwareKey::withdrawal(&code).did();
        let mut secrets: Vec<Vec<u8>> = vec![
            ada.did().as_str().into(),
            withdrawal_did.as_str().into(),
            invitation.as_str().into(),
            b"ConsentGrant".to_vec(),
            b"subject-key".to_vec(),
            b"\"Withdrawn\"".to_vec(),
        ];
        for item in &feed.items {
            let (salt, record) = item.opening().unwrap();
            let digest = placet_schemas::id::Digest::of(record);
            secrets.extend([
                digest.as_bytes().to_vec(),
                digest.to_string().into_bytes(),
                salt.as_bytes().to_vec(),
            ]);
        }
        secrets.push(granted.record.id.as_str().into());
        for secret in &secrets {
            let shown = String::from_utf8_lossy(secret);
            assert!(!contains(&main, secret), "main.db tells {shown}");
            assert!(!contains(&keyring, secret), "keyring.db tells {shown}");
        }
        let log: Vec<u8> = fs::read(data.join("log/checkpoint")).unwrap();
        assert!(secrets.iter().all(|secret| !contains(&log, secret)));
    }
}

#[tokio::test]
async fn without_the_keyring_nothing_opens_and_nothing_is_found() {
    let mut world = World::empty().await;
    let (brand, ada) = (Brand::named("cinema.example"), person("ada"));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let granted = world.consent(&ada, &request).await;
    world.ledger.close().await;
    for file in ["keyring.db", "keyring.db-wal", "keyring.db-shm"] {
        let _ = fs::remove_file(world.data().join(file));
    }
    // A node that starts like that would tell everybody that it never knew them; whoever has no copy left must say so.
    assert!(matches!(world.try_open().await, Err(OpenError::KeyringLost(3))));
    let settings = Settings {
        without_keyring: true,
        ..Settings::new(p(ORIGIN), world.data())
    };
    let keys = Keys::load(&world.dir.path().join("keys")).unwrap();
    world.ledger = Ledger::open(settings, keys).await.unwrap();
    let (subject, controller) = (Party::Subject(ada.did()), Party::Controller(brand.did.clone()));
    assert!(
        world
            .ledger
            .consents(&subject, None, 10)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let listed = world.ledger.consents(&controller, None, 10).await.unwrap();
    assert!(listed.items.is_empty());
    let feed = world.ledger.feed(&brand.did, 0, 10).await.unwrap().unwrap();
    assert!(feed.items.len() == 3 && feed.items.iter().all(|item| item.content == ItemContent::Lost));
    assert_eq!(
        world.ledger.consent(&subject, &granted.state.consent).await.unwrap(),
        None
    );
    // What is public needs no key.
    assert!(world.ledger.request(&request.digest()).await.unwrap().is_some());
    assert!(world.ledger.public_opening(1).await.unwrap().is_some());
}

#[tokio::test]
async fn other_users_of_the_machine_read_nothing() {
    let world = World::empty().await;
    world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.data()), 0o700);
    for name in [
        "main.db",
        "main.db-wal",
        "main.db-shm",
        "keyring.db",
        "keyring.db-wal",
        "keyring.db-shm",
    ] {
        assert_eq!(mode(&world.data().join(name)), 0o600, "{name}");
    }
}
