//! The gallery of attacks. Each is refused, and says why.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::brand::{Joined, LUMEN};
use super::foreign::{self, Stranger, Yes};
use super::http::Answer;
use super::node::Node;
use super::person::Person;
use super::process::Shell;
use super::regulator;
use super::story::{Given, Story, TRUST, expect};

const TAMPERED: &str = "evidence-tampered.json";
const OTHER_NODE: &str = "other-node";
const OTHER_ORIGIN: &str = "other.example/log";
/// Status of a record that was taken.
const CREATED: u16 = 201;

/// Plays all of them.
pub(super) fn attacks(
    story: &mut Story<'_>,
    given: &Given,
    evidence: &str,
    cinema: &Joined,
    fitness: &Joined,
) -> Result<()> {
    story.teller.act("Attacks from outside, each refused")?;
    tampered_evidence(story, evidence)?;
    let grant = record_in(evidence, "ConsentGrant")?;
    forged_grant(story, &grant)?;
    replay(story, &grant)?;
    spent_invitation(story, &given.link)?;
    grant_for_another_log(story)?;
    widening_renewal(story, fitness)?;
    expect(cinema.request != fitness.request, "two requests are one")
}

/// Somebody would like the consent to have lasted longer, and changes one digit of one year.
fn tampered_evidence(story: &mut Story<'_>, evidence: &str) -> Result<()> {
    story
        .teller
        .say("One digit of the evidence is changed: the year in which the grant expires.")?;
    let tampered = later(evidence)?;
    fs::write(story.dir.join(TAMPERED), &tampered).context("cannot write the tampered evidence")?;
    let judged = regulator::judge(&story.shell, TAMPERED, TRUST)?;
    expect(
        judged.code == 1 && judged.answers().0 == "Fails",
        "tampered evidence is not refused",
    )?;
    let outcome = format!("recorded Fails ({})", judged.first_finding());
    story.teller.repelled("tampered evidence", &outcome, judged.took)
}

/// The same, at the node: her grant with a later expiry, and her own signature under it.
fn forged_grant(story: &mut Story<'_>, grant: &str) -> Result<()> {
    story
        .teller
        .say("A grant with her signature, but not over these words:")?;
    let answer = post(story, &later(grant)?)?;
    refused(story, "forged grant", &answer, "bad_signature")
}

/// Sent once more, the true grant gets the first answer, and the log does not grow.
fn replay(story: &mut Story<'_>, grant: &str) -> Result<()> {
    story.teller.say("Her true grant, sent again, and again:")?;
    let before = size(story)?;
    let (first, second) = (post(story, grant)?, post(story, grant)?);
    expect(
        first.status == CREATED && second.status == CREATED,
        "a replay does not get an answer",
    )?;
    expect(first.body == second.body, "a replay gets another answer")?;
    let index = first.json()?["acknowledgement"]["statement"]["index"].clone();
    expect(
        index.as_u64().is_some_and(|index| index < before),
        "a replay has a place of its own",
    )?;
    expect(size(story)? == before, "the log has grown by a replay")?;
    let outcome = format!("no second entry, still {before} leaves; the first answer, byte for byte");
    story.teller.repelled("replay", &outcome, first.took + second.took)
}

/// Somebody finds the link in Anna's mail.
fn spent_invitation(story: &mut Story<'_>, link: &str) -> Result<()> {
    story
        .teller
        .say("Somebody finds the cinema's link in her mail and says yes with a wallet of his own:")?;
    let (mallory, _) = Person::with_new_wallet(&story.shell, "mallory.wallet.json")?;
    let tried = mallory.wallet(&["grant", link, "--all"])?;
    story.teller.command(tried.line())?;
    let reason = "invitation_spent";
    expect(
        tried.code != 0 && tried.stderr.contains(reason),
        "a spent invitation is good for another yes",
    )?;
    story
        .teller
        .repelled("spent invitation", &format!("refused: {reason}"), tried.took)
}

/// A second log, with the same cinema in it: a yes that was given there does not count here.
fn grant_for_another_log(story: &mut Story<'_>) -> Result<()> {
    story.teller.say(&format!(
        "A true yes to the same cinema, but given in the log {OTHER_ORIGIN}:"
    ))?;
    let plain = Shell::new(&story.dir)?;
    plain
        .run(&["keygen", "--dir", OTHER_NODE, "--origin", OTHER_ORIGIN])?
        .ok()?;
    let node = Node::start(&plain, OTHER_NODE, &[], &story.dir.join("other-node.log"))?;
    let shell = plain
        .with("PLACET_URL", node.url())
        .with("PLACET_TRUST", format!("{OTHER_NODE}/trust.json"));
    let token = LUMEN.path("other.token");
    let joined = LUMEN.join(&shell, &format!("{OTHER_NODE}/operator.token"), &token)?;
    let (link, _) = LUMEN.invite(&shell, &joined.request, &token, "club card 4711")?;
    let (person, _) = Person::with_new_wallet(&shell, "elsewhere.wallet.json")?;
    let granted = person.wallet(&["grant", &link, "--yes", "1", "--json"])?.ok();
    let consent = granted.and_then(|_| person.wallet(&["show", "--json"])?.text("/consents/0/consent"))?;
    let (record, _) = person.grant_record(&consent)?;
    let answer = post(story, &record)?;
    node.stop()?;
    refused(story, "grant for another log", &answer, "wrong_domain")
}

/// Otto's wallet is somebody else's software. It signs whatever he likes, and he likes more than he was asked.
fn widening_renewal(story: &mut Story<'_>, fitness: &Joined) -> Result<()> {
    story.teller.say(
        "Otto's wallet is somebody else's software, written from the documentation. His yes to one choice is taken; his \
         renewal, which slips a second one in, is not:",
    )?;
    let url = story.node()?.url().to_owned();
    let request = story
        .http
        .get(&format!("{url}/v1/requests/{}", fitness.request))?
        .json()?;
    let (origin, request) = (origin(&request)?, &request["credentialSubject"]);
    let clauses = foreign::clauses(request)?;
    let invited = story
        .http
        .post(&format!("{url}/v1/requests/{}/invitations", fitness.request), "{}")?
        .json()?;
    let invitation = invited.pointer("/invitations/0/invitation").and_then(Value::as_str);
    let otto = Stranger::new(&origin)?;
    let yes = Yes {
        request,
        digest: &fitness.request,
        clauses: &clauses[..1],
        days: 100,
    };
    let grant = otto.grant(&yes, invitation.context("there is no invitation")?)?;
    let answer = post(story, &grant.to_string())?;
    expect(
        answer.status == CREATED,
        &format!("a grant by other software is refused: {}", answer.code()),
    )?;
    let index = answer.json()?["acknowledgement"]["statement"]["index"]
        .as_u64()
        .context("there is no index")?;
    story.leaf(index, "YES");
    story.teller.done(
        "a grant made by other software",
        &format!("log index {index}"),
        answer.took,
    )?;
    let more = Yes {
        clauses,
        days: 200,
        ..yes
    };
    let answer = post(story, &otto.renewal(&more, &grant)?.to_string())?;
    refused(story, "widening renewal", &answer, "renewal_widens")
}

fn refused(story: &mut Story<'_>, what: &str, answer: &Answer, code: &str) -> Result<()> {
    let found = answer.code();
    expect(
        (400..500).contains(&answer.status) && found == code,
        &format!("{what}: {found} in place of {code}"),
    )?;
    story
        .teller
        .repelled(what, &format!("refused: {} {code}", answer.status), answer.took)
}

fn post(story: &Story<'_>, record: &str) -> Result<Answer> {
    story.http.post(&format!("{}/v1/records", story.node()?.url()), record)
}

/// The number of leaves, by the log's checkpoint (C2SP tlog-checkpoint: its second line).
fn size(story: &Story<'_>) -> Result<u64> {
    let checkpoint = story.http.get(&format!("{}/log/checkpoint", story.node()?.url()))?;
    let size = checkpoint.body.lines().nth(1).and_then(|line| line.parse().ok());
    size.context("the checkpoint has no size")
}

/// The same text, in which the first expiry is a year later.
fn later(text: &str) -> Result<String> {
    const MEMBER: &str = "\"validUntil\":\"20";
    let at = text.find(MEMBER).context("there is no expiry to change")? + MEMBER.len();
    let year: u32 = text
        .get(at..at + 2)
        .and_then(|digits| digits.parse().ok())
        .context("the expiry has no year")?;
    Ok(format!("{}{:02}{}", &text[..at], (year + 1) % 100, &text[at + 2..]))
}

/// The first record of a kind in an evidence bundle, as its bytes stand there.
fn record_in(evidence: &str, kind: &str) -> Result<String> {
    let bundle: Value = serde_json::from_str(evidence).context("the evidence is no JSON")?;
    let openings = bundle["openings"].as_array().context("the evidence has no openings")?;
    let found = openings.iter().find(|opening| opening["record"]["type"][1] == kind);
    Ok(found.with_context(|| format!("the evidence has no {kind}"))?["record"].to_string())
}

fn origin(request: &Value) -> Result<String> {
    let origin = request.pointer("/proof/domain").and_then(Value::as_str);
    Ok(origin.context("the request is for no log")?.to_owned())
}
