//! Files that are missing, old, broken, or from another time.

use std::fs;
use std::path::{Path, PathBuf};

use placet_ledger::{Fate, Keys, Ledger, OpenError, Settings, Step, When};
use placet_schemas::record::Record;

use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person};

async fn stage(consents: usize) -> (World, Record) {
    let world = World::with_head_file().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    for at in 0..consents {
        world.consent(&person(&at.to_string()), &request).await;
    }
    world.published().await;
    (world, request)
}

fn all_files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in all_files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
}

#[tokio::test]
async fn an_empty_log_is_published_at_its_creation() {
    let mut world = World::empty().await;
    assert!(
        world
            .ledger
            .checkpoint()
            .starts_with("ledger.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    );
    assert_eq!(naive::check(&mut world).await.size, 0);
}

#[tokio::test]
async fn files_that_were_never_rendered_come_out_the_same_later() {
    let (mut world, request) = stage(3).await;
    world.watcher.plan(Step::Tiles, When::Before, Fate::Die);
    let late = world.yes(&person("late"), &request).await;
    world.ledger.submit(&late.bytes).await.unwrap();
    world.ledger.close().await;
    let log = world.data().join("log");
    assert!(!log.join("tile/0/000.p/6").exists());
    world.ledger = world.try_open().await.unwrap();
    naive::check(&mut world).await;
    world.ledger.close().await;
    let mended = all_files(&log);

    // A log that lost all its files gets the same bytes under the same names, for the tree that it has now.
    fs::remove_dir_all(&log).unwrap();
    world.ledger = world.try_open().await.unwrap();
    naive::check(&mut world).await;
    world.ledger.close().await;
    let anew = all_files(&log);
    assert!(!anew.is_empty() && anew.iter().all(|file| mended.contains(file)));
}

#[tokio::test]
async fn an_older_published_checkpoint_is_brought_up_to_date() {
    let (mut world, request) = stage(1).await;
    world.ledger.close().await;
    let path = world.data().join("log/checkpoint");
    let older = fs::read(&path).unwrap();
    world.ledger = world.try_open().await.unwrap();
    world.consent(&person("late"), &request).await;
    world.ledger.close().await;
    fs::write(&path, older).unwrap();
    world.ledger = world.try_open().await.unwrap();
    assert_eq!(naive::check(&mut world).await.size, 4);
}

#[tokio::test]
async fn broken_files_at_the_right_edge_are_found_by_their_contents() {
    for name in ["tile/0/000.p/5", "tile/entries/000.p/5", "checkpoint"] {
        let (mut world, _) = stage(3).await;
        world.ledger.close().await;
        let path = world.data().join("log").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(&path, bytes).unwrap();
        world.ledger = world.try_open().await.unwrap();
        assert_eq!(naive::check(&mut world).await.size, 5, "{name}");
        world.ledger.close().await;
        fs::remove_file(&path).unwrap();
        world.ledger = world.try_open().await.unwrap();
        assert_eq!(naive::check(&mut world).await.size, 5, "{name}");
    }
}

#[tokio::test]
async fn a_database_from_before_is_not_written_to() {
    for witness in ["head", "data/log/checkpoint"] {
        let (mut world, request) = stage(1).await;
        world.ledger.close().await;
        let (data, backup) = (world.data(), world.dir.path().join("backup"));
        copy(&data, &backup);
        let before =
            [world.dir.path().join("head"), data.join("log/checkpoint")].map(|path| (fs::read(&path).unwrap(), path));
        world.ledger = world.try_open().await.unwrap();
        world.consent(&person("late"), &request).await;
        world.ledger.close().await;
        for file in ["main.db", "keyring.db"] {
            fs::copy(backup.join(file), data.join(file)).unwrap();
        }
        // One of the two is restored with the databases; the other remembers.
        for (bytes, path) in before {
            if path != world.dir.path().join(witness) {
                fs::write(path, bytes).unwrap();
            }
        }
        let refused = world.try_open().await.err();
        let Some(OpenError::RolledBack {
            database: 3, seen: 4, ..
        }) = refused
        else {
            panic!("{witness}: {refused:?}")
        };
    }
}

#[tokio::test]
async fn another_history_of_the_same_length_is_not_written_to() {
    let (mut world, request) = stage(1).await;
    world.ledger.close().await;
    let (data, backup) = (world.data(), world.dir.path().join("backup"));
    copy(&data, &backup);
    copy(
        world.dir.path().join("head").parent().unwrap(),
        &world.dir.path().join("all"),
    );
    world.ledger = world.try_open().await.unwrap();
    world.consent(&person("one"), &request).await;
    world.ledger.close().await;
    let head = fs::read(world.dir.path().join("head")).unwrap();
    // The same ledger goes on from the copy, without its memory, and then gets its memory back.
    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    fs::remove_file(world.dir.path().join("head")).unwrap();
    world.ledger = world.try_open().await.unwrap();
    world.consent(&person("two"), &request).await;
    world.ledger.close().await;
    fs::write(world.dir.path().join("head"), head).unwrap();
    let refused = world.try_open().await.err();
    let Some(OpenError::RolledBack {
        database: 4, seen: 4, ..
    }) = refused
    else {
        panic!("{refused:?}")
    };
}

#[tokio::test]
async fn a_head_file_that_cannot_be_read_is_not_passed_over() {
    let (world, _) = stage(1).await;
    world.ledger.close().await;
    fs::write(world.dir.path().join("head"), "nothing").unwrap();
    assert!(matches!(world.try_open().await.err(), Some(OpenError::HeadFile { .. })));
}

#[tokio::test]
async fn one_folder_is_one_ledger_of_one_process() {
    let (world, _) = stage(0).await;
    assert!(matches!(world.try_open().await.err(), Some(OpenError::InUse(_))));
    world.ledger.close().await;
    let keys = || Keys::load(&world.dir.path().join("keys")).unwrap();
    let other = Settings::new(p("other.example/log"), world.data());
    assert!(matches!(
        Ledger::open(other, keys()).await.err(),
        Some(OpenError::OtherOrigin { .. })
    ));
    Keys::generate(&world.dir.path().join("others")).unwrap();
    let others = Keys::load(&world.dir.path().join("others")).unwrap();
    let refused = Ledger::open(Settings::new(p(ORIGIN), world.data()), others).await.err();
    assert!(matches!(refused, Some(OpenError::OtherKeys(_))), "{refused:?}");
    let again = Ledger::open(Settings::new(p(ORIGIN), world.data()), keys())
        .await
        .unwrap();
    assert_eq!(again.size(), 2);
    again.close().await;
}

#[tokio::test]
async fn log_files_are_served_by_their_one_path_and_nothing_else_is() {
    let (world, _) = stage(1).await;
    assert!(world.ledger.checkpoint().starts_with("ledger.example/log\n3\n"));
    let ledger = &world.ledger;
    let tile = ledger.log_file("tile/0/000.p/3").await.unwrap().unwrap();
    assert_eq!(tile.len(), 96);
    assert_eq!(
        ledger.log_file("tile/entries/000.p/3").await.unwrap().unwrap().len(),
        3 * 35
    );
    for path in [
        "tile/0/000",
        "tile/0/001.p/3",
        "tile/0/000.p/03",
        "../main.db",
        "tile/../../main.db",
        "checkpoint",
        "",
    ] {
        assert_eq!(ledger.log_file(path).await.unwrap(), None, "{path}");
    }
}

#[tokio::test]
async fn a_quiet_log_is_signed_anew_every_minute_and_never_backwards() {
    let (mut world, request) = stage(0).await;
    let before = world.ledger.checkpoint();
    world.clock.pass(61);
    let mut after = world.ledger.checkpoint();
    for _ in 0..500 {
        if after != before {
            break;
        }
        tokio::time::sleep(crate::world::TICK).await;
        after = world.ledger.checkpoint();
    }
    assert_ne!(after, before);
    assert_eq!(after.split("\n\n").next(), before.split("\n\n").next(), "the same tree");
    // The clock is set back: what is signed next bears no earlier time, and records are judged by the clock as it is.
    world.clock.set_back(30);
    world.consent(&person("ada"), &request).await;
    assert_eq!(naive::check(&mut world).await.size, 3);
}
