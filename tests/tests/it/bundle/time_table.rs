//! Whether a consent was in force at a moment T, as a table: what the witnesses signed when, what happened, and the answer.
//!
//! Every scene has the grant, then a checkpoint C1, then perhaps an event, then a checkpoint C2; times are seconds after the
//! grant. A row is: policy | cosignatures of C1 | event | cosignatures of C2 | the judge's clock | T=answer…. An answer is
//! `yes`, `no` (refuted), or the code of why nobody can tell. The witnesses sign with real keys; `own` is the node's cosigner.

use placet_kernel::bundle::{Question, Verdict, Weight};
use placet_schemas::time::Timestamp;
use placet_tests::log::{Witness, trust, trust_file};
use placet_tests::scene::Scene;

use super::against;

const TABLE: &str = "
    # before, at and after the first checkpoint; at and after the last
    1 of 3  | w1@100               | -        | w1@200               | 300 | 99=not_shown_before 100=yes 150=yes 200=yes 201=not_shown_after

    # a withdrawal between the two: before it, between, after
    1 of 3  | w1@100               | withdraw | w1@200               | 300 | 100=yes 101=ended_between 199=ended_between 200=no 201=not_shown_after
    1 of 3  | w1@100               | end      | w1@200               | 300 | 100=yes 101=ended_between 199=ended_between 200=no
    # what ends nothing leaves no doubt
    1 of 3  | w1@100               | narrow   | w1@200               | 300 | 100=yes 101=yes 199=yes 200=yes
    1 of 3  | w1@100               | erase    | w1@200               | 300 | 100=yes 101=yes 199=yes 200=yes

    # two of three: a checkpoint existed when the second had signed, and was fresh when the first of them did
    2 of 3  | w1@100 w2@110        | -        | w1@200 w2@210        | 300 | 109=not_shown_before 110=yes 200=yes 201=not_shown_after
    2 of 3  | w1@100 w2@110 w3@120 | -        | w1@200 w2@210 w3@220 | 300 | 109=not_shown_before 110=yes 200=yes 201=not_shown_after
    3 of 3  | w1@100 w2@110 w3@120 | -        | w1@200 w2@210 w3@220 | 300 | 119=not_shown_before 120=yes 200=yes 201=not_shown_after
    # when the first existed it was not fresh any more: nothing tells whether the withdrawal came before or after
    2 of 3  | w1@100 w2@110        | withdraw | w1@200 w2@210        | 300 | 109=not_shown_before 110=ended_between 150=ended_between 200=ended_between 201=not_shown_after

    # too few signed the first: it shows nothing, and the second stands for both
    2 of 3  | w1@100               | -        | w1@200 w2@210        | 300 | 150=not_shown_before 200=not_shown_before 210=not_shown_after
    # all at once
    2 of 3  | w1@100               | -        | w1@200 w2@200        | 300 | 199=not_shown_before 200=yes 201=not_shown_after
    # too few signed the last: it says nothing of times, and the first stands alone
    2 of 3  | w1@100 w2@100        | -        | w1@200               | 300 | 100=yes 101=not_shown_after 200=not_shown_after
    2 of 3  | w1@100 w2@100        | withdraw | w1@200               | 300 | 100=yes 200=not_shown_after
    # too few signed any: there is no moment to speak about
    2 of 3  | w1@100               | -        | w2@200               | 300 | 100=no_quorum 200=no_quorum

    # a witness that signs late makes the evidence coarse, never wrong
    1 of 3  | w1@190               | withdraw | w1@200               | 300 | 100=not_shown_before 189=not_shown_before 190=yes 200=no

    # the own cosigner never counts where a witness is asked for, early or late
    1 of 3  | own@100              | -        | own@200              | 300 | 100=no_quorum 200=no_quorum
    2 of 3  | w1@100 own@100       | -        | w1@200 own@200       | 300 | 100=no_quorum
    1 of 3  | own@50 w1@100        | -        | w1@200 own@250       | 300 | 60=not_shown_before 100=yes 200=yes 250=not_shown_after

    # quorum none: the operator's word, and a witness counts for nothing
    none    | own@100              | -        | own@200              | 300 | 99=not_shown_before 100=yes 200=yes 201=not_shown_after
    none    | own@100              | withdraw | own@200              | 300 | 100=yes 150=ended_between 200=no
    none    | own@100 w1@50        | -        | own@200 w1@250       | 300 | 60=not_shown_before 100=yes 250=not_shown_after
    none    | w1@100               | -        | w1@200               | 300 | 100=no_quorum

    # cosignatures from the future of the judge's clock: ten minutes are forgiven, not one second more
    1 of 3  | w1@1100              | -        | w1@1200              | 600 | 1100=yes 1200=yes
    1 of 3  | w1@1100              | -        | w1@1200              | 599 | 1100=time_in_future
";

struct Row<'a> {
    policy: &'a str,
    first: &'a str,
    event: &'a str,
    second: &'a str,
    clock: u64,
    answers: &'a str,
}

/// The scene of a row, and the moment from which its seconds count.
fn scene(row: &Row<'_>) -> (Scene, Timestamp) {
    let mut scene = Scene::new();
    // The publications of the scene's own are not part of the row.
    scene.checkpoints.clear();
    let start = scene.clock;
    scene.grant();
    publish(&mut scene, row.first, start);
    match row.event {
        "withdraw" => drop(scene.withdraw()),
        "end" => drop(scene.end()),
        "narrow" => drop(scene.narrow()),
        "erase" => drop(scene.erase()),
        "-" => scene.log.strangers(1),
        other => panic!("no event {other}"),
    }
    publish(&mut scene, row.second, start);
    scene.clock = start.plus_seconds(row.clock);
    (scene, start)
}

fn publish(scene: &mut Scene, cosigned: &str, start: Timestamp) {
    let cosigners: Vec<(Witness, Timestamp)> = cosigned
        .split_whitespace()
        .map(|part| {
            let (name, seconds) = part.split_once('@').unwrap();
            let witness = match name {
                "own" => scene.log.cosigner.clone(),
                name => Witness::new(name),
            };
            (witness, start.plus_seconds(seconds.parse().unwrap()))
        })
        .collect();
    let cosigners: Vec<_> = cosigners.iter().map(|(witness, time)| (witness, *time)).collect();
    scene.publish_by(&cosigners);
}

fn judge(row: &Row<'_>) {
    let (scene, start) = scene(row);
    let threshold = match row.policy {
        "none" => 0,
        policy => policy.split(' ').next().unwrap().parse().unwrap(),
    };
    // With quorum none a file may still name witnesses; they do not count.
    let mut file = trust_file(scene.log.keys(), &scene.witnesses, threshold.max(1));
    if threshold == 0 {
        "none".clone_into(&mut file.quorum);
    }
    let bytes = scene.evidence().to_bytes().unwrap();
    for answer in row.answers.split_whitespace() {
        let (moment, expected) = answer.split_once('=').unwrap();
        let at = start.plus_seconds(moment.parse().unwrap());
        let report = placet_kernel::bundle::verify(&bytes, Some(&trust(&file)), scene.clock, Some(at)).unwrap();
        assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
        let said = match report.in_force {
            Verdict::Holds => "yes",
            Verdict::Fails => "no",
            Verdict::CannotTell => against(&report, Question::InForce).into_iter().next().unwrap(),
        };
        assert_eq!(
            said, expected,
            "{} | {} | {} | {} at {moment}",
            row.policy, row.first, row.event, row.second
        );
    }
}

/// A grant that says it was signed long before, or after, the witnesses saw it come: told, and of no effect on what holds.
#[test]
fn a_claimed_time_that_witnesses_contradict_is_told_and_makes_nothing_older() {
    // Seconds from the moment at which witnesses say that the grant was not there; a minute later it is.
    for (claimed, told, in_force) in [
        (-86_400, true, Verdict::Holds),
        (-601, true, Verdict::Holds),
        (-600, false, Verdict::Holds),
        (30, false, Verdict::Holds),
        (660, false, Verdict::Fails),
        (661, true, Verdict::Fails),
    ] {
        let mut scene = Scene::new();
        scene.checkpoints.clear();
        let absent = scene.clock;
        scene.publish();
        scene.clock = Timestamp::from_unix(absent.unix().checked_add_signed(claimed).unwrap()).unwrap();
        scene.grant();
        let witnessed = absent.plus_seconds(60);
        scene.clock = witnessed;
        scene.publish();
        scene.clock = absent.plus_seconds(3600);
        // Its first checkpoint is from before the grant, and says that it was not there yet.
        let evidence = scene.log.evidence(scene.consent(), &scene.checkpoints, &scene.notices);
        let report = scene.judge(&evidence, Some(witnessed));
        assert_eq!(
            (report.recorded, report.in_force),
            (Verdict::Holds, in_force),
            "{claimed}: {:#?}",
            report.findings
        );
        let notes: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.code == "time_contradicted")
            .collect();
        assert_eq!(notes.len(), usize::from(told), "{claimed}: {:#?}", report.findings);
        assert!(notes.iter().all(|finding| finding.weight == Weight::Note));

        // A backdated grant was not in force on its date: no checkpoint from then has it.
        if claimed < 0 {
            let report = scene.judge(&evidence, Some(absent));
            assert_eq!(against(&report, Question::InForce), ["not_shown_before"].into());
        }
    }
}

#[test]
fn a_consent_was_in_force_when_the_table_says_so() {
    let rows = TABLE
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    let mut judged = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [policy, first, event, second, clock, answers] = cells[..] else {
            panic!("{row}")
        };
        judge(&Row {
            policy,
            first,
            event,
            second,
            clock: clock.parse().unwrap(),
            answers,
        });
        judged += 1;
    }
    assert_eq!(judged, TABLE.matches(" | ").count() / 5, "every row was judged");
}
