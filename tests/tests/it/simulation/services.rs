//! What people and the brand's services do at a verifier.

use std::time::Duration;

use placet_schemas::id::Digest;
use placet_tests::p;

use super::plan::{CUSTOMERS, VERIFIERS};
use super::world::World;

impl World {
    pub(super) fn hand(&mut self, verifier: usize, person: usize, by_code: bool) {
        let Some((consent, body)) = self.handed_over(person, by_code) else {
            return;
        };
        let seat = &mut self.seats[verifier % VERIFIERS];
        let answer = seat.ask(|verifier| async move { verifier.withdraw(&body).await.map(|answer| answer.consent) });
        if let Some(Ok(taken)) = answer {
            assert_eq!(taken, consent);
            seat.handed.insert(consent);
            self.watch.count("handed", 1);
        }
    }

    pub(super) fn handed_over(&mut self, person: usize, by_code: bool) -> Option<(Digest, Vec<u8>)> {
        let (consent, person) = self.consent_of(person)?;
        let code = format!("{{\"code\":\"{}\"}}", self.people[person].code);
        let body = if by_code {
            code.into_bytes()
        } else {
            self.withdrawal(person, false)?
        };
        Some((consent, body))
    }

    pub(super) fn hand_while_asked(&mut self, verifier: usize, person: usize) {
        let verifier = verifier % VERIFIERS;
        let Some((consent, body)) = self.handed_over(person, false) else {
            return;
        };
        let begun = self.seats[verifier].begin(|verifier| async move { verifier.withdraw(&body).await.is_ok() });
        let Some(answer) = begun else { return };
        loop {
            let done = answer.try_recv();
            if done == Ok(true) {
                // From here on, whatever is asked.
                self.seats[verifier].handed.insert(consent);
                self.watch.count("handed while asked", 1);
            }
            self.look(verifier);
            if done != Err(std::sync::mpsc::TryRecvError::Empty) {
                return;
            }
        }
    }

    pub(super) fn hand_and_kill(&mut self, verifier: usize, person: usize) {
        let verifier = verifier % VERIFIERS;
        let Some((consent, body)) = self.handed_over(person, false) else {
            return;
        };
        let begun = self.seats[verifier].begin(|verifier| async move { verifier.withdraw(&body).await.is_ok() });
        let Some(answer) = begun else { return };
        std::thread::sleep(Duration::from_micros(100 * (self.acts % 8)));
        self.seats[verifier].kill();
        // An answer that came before the end is one, and none is none.
        if answer.try_recv() == Ok(true) {
            self.seats[verifier].handed.insert(consent);
            self.watch.count("handed and killed", 1);
        }
        self.watch.count("kills", 1);
        self.start(verifier);
    }

    pub(super) fn merge(&mut self, verifier: usize, from: usize, into: usize) {
        let (from, into) = (format!("C-{}", from % CUSTOMERS), format!("C-{}", into % CUSTOMERS));
        let seat = &mut self.seats[verifier % VERIFIERS];
        let (old, new) = (p(&from), p(&into));
        if let Some(Ok(_)) = seat.ask(|verifier| async move { verifier.merge(&old, &new).await }) {
            for name in seat.book.values_mut().filter(|name| **name == from) {
                name.clone_from(&into);
            }
            self.watch.count("merges", 1);
        }
    }

    pub(super) fn split(&mut self, verifier: usize, from: usize, which: usize, into: usize) {
        let (from, into) = (format!("C-{}", from % CUSTOMERS), format!("C-{}", into % CUSTOMERS));
        let seat = &mut self.seats[verifier % VERIFIERS];
        let theirs = seat.invitations(&from);
        let Some(invitation) = theirs.get(which % theirs.len().max(1)).copied() else {
            return;
        };
        let (old, new) = (p(&from), p(&into));
        if let Some(Ok(_)) = seat.ask(|verifier| async move { verifier.split(&old, &[invitation], &new).await }) {
            seat.book.insert(invitation, into);
            self.watch.count("splits", 1);
        }
    }

    pub(super) fn ask(&mut self, verifier: usize, question: usize) {
        let verifier = verifier % VERIFIERS;
        let Some(asked) = self.seats[verifier].verifier().cloned() else {
            return;
        };
        // Every other time something that is permitted, if anything is: else there would be little to report.
        let permitted = |at: &usize| {
            asked
                .decide(&self.questions[*at].evaluation)
                .unwrap()
                .statement
                .decision
        };
        let open: Vec<usize> = (0..self.questions.len()).filter(permitted).collect();
        let question = match open.get(question / 2 % open.len().max(1)) {
            Some(open) if question.is_multiple_of(2) => *open,
            _ => question % self.questions.len(),
        };
        let evaluation = self.questions[question].evaluation.clone();
        let decided = asked.ask(&evaluation).unwrap();
        let seat = &mut self.seats[verifier];
        if decided.decision.statement.decision {
            seat.permits
                .insert(question, decided.decision.statement.evaluation_id.clone());
        }
        seat.told.push(decided.signed.clone());
        self.watch.signed(&decided, asked.did(), &evaluation);
        self.watch
            .decided(seat, verifier, &self.questions[question], decided.decision);
    }

    pub(super) fn report(&mut self, verifier: usize, question: usize, permitted: bool) {
        let seat = &mut self.seats[verifier % VERIFIERS];
        let mut with_permit: Vec<usize> = seat.permits.keys().copied().collect();
        with_permit.sort_unstable();
        let question = match with_permit.get(question % with_permit.len().max(1)) {
            Some(question) if permitted => *question,
            _ => question % self.questions.len(),
        };
        self.services += 1;
        let service = format!("service {}", self.services);
        let evaluation = seat.permits.get(&question).filter(|_| permitted).cloned();
        let access = self.questions[question].access(&service, evaluation);
        let answer = seat.ask(|verifier| async move { verifier.report(&[access]).await });
        if let Some(Ok(reported)) = answer {
            seat.reported.insert(service, reported.lines);
            self.watch.count("lines", reported.lines);
        }
    }
}
