//! Copies that are made while the node goes on.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use placet_ledger::{Fate, Keys, Step, Watcher, When, backup_watched, inspect_restored};
use placet_wallet::records::withdraw;

use crate::guarded::soon;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person};

const DAY: u64 = 86_400;

/// Says when the keyring is about to be copied, and holds that up, once.
#[derive(Debug)]
struct Between {
    reached: Sender<()>,
    go_on: Mutex<Option<Receiver<()>>>,
}

impl Watcher for Between {
    fn reached(&self, step: Step, when: When) -> Fate {
        if (step, when) == (Step::CopyKeyring, When::Before)
            && let Some(go_on) = self.go_on.lock().unwrap().take()
        {
            self.reached.send(()).unwrap();
            go_on.recv().unwrap();
        }
        Fate::Live
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_destroyed_between_the_two_copies_is_no_loss() {
    let world = World::with_head_file().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let ada = world.consent(&person("ada"), &request).await;
    world.consent(&person("bob"), &request).await;
    let ended = withdraw(&ada.state, None, &world.pen(&person("ada"), &p(ORIGIN))).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();

    let ((reached, is_reached), (go_on, may_go_on)) = (channel(), channel());
    let between = Between {
        reached,
        go_on: Mutex::new(Some(may_go_on)),
    };
    let folder = world.dir.path().join("restored");
    fs::create_dir(&folder).unwrap();
    let (data, main, keyring) = (world.data(), folder.join("main.db"), folder.join("keyring.db"));
    let copying = tokio::spawn(async move { backup_watched(&data, &main, &keyring, &between).await });
    tokio::task::spawn_blocking(move || is_reached.recv().unwrap())
        .await
        .unwrap();
    world.clock.pass(4000 * DAY);
    assert_eq!(world.ledger.destroy_due().await.unwrap(), 2);
    soon("both are gone", async || {
        let rows = world.ledger.destructions(None, 10).await.unwrap().items;
        rows.len() == 2 && rows.iter().all(|row| row.pending.is_empty())
    })
    .await;
    go_on.send(()).unwrap();

    let size = world.ledger.size();
    assert_eq!(copying.await.unwrap().unwrap().size, size);
    let keys = Keys::load(&world.dir.path().join("keys")).unwrap();
    let restored = inspect_restored(&folder, &keys).await.unwrap();
    assert_eq!((restored.size, &restored.unreadable[..]), (size, &[][..]));
}
