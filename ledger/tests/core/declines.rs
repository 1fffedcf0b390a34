//! The other answer to an invitation.

use placet_ledger::Ledger;
use placet_schemas::id::Did;

use crate::offers::clause;
use crate::world::{Brand, World, person, refusal};

const DAY: u64 = 24 * 3600;

#[tokio::test]
async fn a_no_uses_the_invitation_up_and_is_kept_until_the_invitation_is_forgotten() {
    let mut world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    let invitation = world.invite(&request).await;
    let said = world.ledger.decline(&invitation).await.unwrap();
    assert_eq!((said.request, said.replay), (request.digest(), false));
    assert_eq!(world.ledger.invited_to(&invitation).await.unwrap(), request.digest());
    // The same again, also later and after a crash, gets the same answer; a yes has come too late.
    world.clock.pass(60);
    world.reopen().await;
    let again = world.ledger.decline(&invitation).await.unwrap();
    assert_eq!((again.at, again.replay), (said.at, true));
    let yes = world.yes_by(&person("ada"), &request, &invitation);
    assert_eq!(world.refusal(&yes.bytes).await, "invitation_declined");
    assert_eq!(refusal(world.ledger.resolve(&invitation).await), "invitation_declined");
    // The same person may say yes to another invitation.
    let anew = world.invite(&request).await;
    let yes = world.yes_by(&person("ada"), &request, &anew);
    world.check(&world.ledger.submit(&yes.bytes).await.unwrap());
    assert_eq!(refusal(world.ledger.decline(&anew).await), "invitation_spent");

    let declines = async |ledger: &Ledger, did: &Did| ledger.declines(did, None, 10).await.unwrap().items;
    let listed = declines(&world.ledger, &brand.did).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].invitation, listed[0].request, listed[0].declined_at),
        (invitation.digest(), request.digest(), said.at)
    );
    assert_eq!(declines(&world.ledger, &Brand::named("theatre.example").did).await, []);
    let after = world.ledger.declines(&brand.did, Some(listed[0].id), 10).await.unwrap();
    assert_eq!((after.items.len(), after.next), (0, None));
    world.clock.pass(200 * DAY);
    let unknown = async || {
        let again = world.ledger.decline(&invitation).await;
        again.is_err_and(|error| refusal::<()>(Err(error)) == "invitation_unknown")
    };
    for _ in 0..200 {
        if unknown().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(unknown().await);
    assert_eq!(declines(&world.ledger, &brand.did).await, []);
    // A number is never used twice, so that nobody who reads on after the last one misses the next.
    let later = world.invite(&request).await;
    world.ledger.decline(&later).await.unwrap();
    assert!(declines(&world.ledger, &brand.did).await[0].id > listed[0].id);
    world.ledger.close().await;
}

#[tokio::test]
async fn what_cannot_be_declined_is_refused_by_its_name() {
    let world = World::empty().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let stranger = placet_schemas::record::Invitation::from_random([7; 16]);
    assert_eq!(refusal(world.ledger.decline(&stranger).await), "invitation_unknown");
    assert_eq!(refusal(world.ledger.invited_to(&stranger).await), "invitation_unknown");
    let invitation = world.invite(&request).await;
    world.clock.pass(91 * DAY);
    let refused = refusal(world.ledger.decline(&invitation).await);
    assert!(
        matches!(refused, "invitation_expired" | "invitation_unknown"),
        "{refused}"
    );
    world.ledger.close().await;
}

/// Yes and no at once: whichever is first counts, and the other is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_yes_and_a_no_at_once_one_counts() {
    let world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    let mut outcomes = [0, 0];
    for at in 0..30 {
        let invitation = world.invite(&request).await;
        let yes = world.yes_by(&person(&at.to_string()), &request, &invitation);
        let pause = std::time::Duration::from_millis(at % 10);
        let no = async {
            tokio::time::sleep(pause).await;
            world.ledger.decline(&invitation).await
        };
        let (yes, no) = tokio::join!(world.ledger.submit(&yes.bytes), no);
        match (yes, no) {
            (Ok(_), no) => {
                outcomes[0] += 1;
                assert_eq!(refusal(no), "invitation_spent");
            }
            (yes, Ok(_)) => {
                outcomes[1] += 1;
                assert_eq!(refusal(yes), "invitation_declined");
            }
            other => panic!("{other:?}"),
        }
    }
    let listed = world.ledger.declines(&brand.did, None, 100).await.unwrap().items;
    assert_eq!(listed.len(), outcomes[1], "{outcomes:?}");
    world.ledger.close().await;
}
