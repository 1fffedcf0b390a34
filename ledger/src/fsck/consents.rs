//! The second pass: every consent, lived through again.

use placet_schemas::lifecycle::{self, State};
use placet_schemas::record::{Body, Kind, Record};

use super::{Check, PAGE};
use crate::arrive::event;
use crate::destroy::{due, due_day};
use crate::error::StoreError;
use crate::life::{MAX_EVENTS, open_state};
use crate::node::{Node, stored_record};
use crate::store::ConsentRow;

impl Check {
    /// Replays all consents.
    pub(super) async fn consents(&mut self) -> Result<(), StoreError> {
        let mut from = 0;
        loop {
            let rows = self.store.consent_rows(from, PAGE).await?;
            let Some(last) = rows.last() else { break };
            from = last.grant + 1;
            let size = self.head.size;
            // The row of a consent that is being destroyed may be there or not.
            let leaves = &self.expected.leaves;
            let live = rows
                .into_iter()
                .filter(|row| row.grant < size && !leaves.contains_key(&row.grant));
            let live: Vec<ConsentRow> = live.collect();
            for row in &live {
                self.report.consents += 1;
                self.consent(row).await?;
            }
        }
        if self.report.consents != self.expected.grants {
            let what = format!(
                "there are {} rows for {} grants",
                self.report.consents, self.expected.grants
            );
            self.damaged("consent_rows_differ", "consents", what);
        }
        Ok(())
    }

    async fn consent(&mut self, row: &ConsentRow) -> Result<(), StoreError> {
        let place = format!("consents {}", row.grant);
        if row.last >= self.head.size {
            // A node that runs has gone on since the check began.
            return Ok(());
        }
        // A lost key has been told with its record.
        let Some(secret) = self.keyring.secrets(&[row.grant]).await?.remove(&row.grant) else {
            return Ok(());
        };
        let Ok(stored) = open_state(&secret, row.last, &row.state) else {
            self.damaged("consent_unreadable", place, "its state does not open");
            return Ok(());
        };
        let Some(events) = self.events(&stored).await? else {
            return Ok(());
        };
        match self.replay(&events) {
            Ok(state) => {
                self.due(row, &stored, &events).await?;
                let (last, count) = (events.last().map(|(index, _)| *index), events.len() as u64);
                if state.as_ref() != Some(&stored) || last != Some(row.last) || count != row.events {
                    self.damaged("consent_differs", place, "its state is not what its events lead to");
                }
            }
            Err((index, code)) => {
                self.damaged(
                    "event_invalid",
                    format!("records {index}"),
                    format!("it cannot follow what came before: {code}"),
                );
            }
        }
        Ok(())
    }

    /// A consent is not forgotten: the day on which it is looked at is not later than that on which it is due.
    async fn due(&mut self, row: &ConsentRow, state: &State, events: &[(u64, Record)]) -> Result<(), StoreError> {
        let Some(request) = self.requests.get(&state.request) else {
            return Ok(());
        };
        let retention = request.proof_retention;
        let ending = events.iter().find(|(_, record)| {
            let kind = record.kind();
            matches!(kind, Kind::Withdrawal | Kind::EndedByController)
        });
        let ended = match ending {
            Some((index, _)) => self.store.checkpoint_from(index + 1).await?.map(|seen| seen.time),
            None => None,
        };
        let due = due_day(due(state, ended, retention));
        // One whose due date could not be told is looked at again on the day after.
        if row.due > due.max(due_day(self.head.time) + 1) {
            let what = format!(
                "it is due on day {due} since 1970, and would be looked at on day {}",
                row.due
            );
            self.damaged("due_too_late", format!("consents {}", row.grant), what);
        }
        Ok(())
    }

    /// The events of a consent, in order; `None` if one cannot be read, which has been told with its record.
    async fn events(&self, state: &State) -> Result<Option<Vec<(u64, Record)>>, StoreError> {
        let blind = event(self.keyring.vault(), &state.consent);
        let mut indexes = self.keyring.members(&blind, 0, MAX_EVENTS + 1).await?;
        indexes.retain(|index| *index < self.head.size);
        let mut secrets = self.keyring.secrets(&indexes).await?;
        let mut events = Vec::with_capacity(indexes.len());
        for row in self.store.records_of(&indexes).await? {
            let text = Node::text(&row, secrets.remove(&row.index).as_ref());
            let Ok(record) = text.and_then(|text| stored_record(&text)) else {
                return Ok(None);
            };
            events.push((row.index, record));
        }
        Ok(Some(events))
    }

    fn replay(&self, events: &[(u64, Record)]) -> Result<Option<State>, (u64, &'static str)> {
        let mut state: Option<State> = None;
        for (index, record) in events {
            let request = match &record.body {
                Body::ConsentGrant(grant) => self.requests.get(&grant.request),
                Body::Renewal(renewal) => self.requests.get(&renewal.request),
                _ => None,
            };
            let next = lifecycle::apply(state.as_ref(), record, request.map(AsRef::as_ref));
            state = Some(next.map_err(|error| (*index, error.code()))?);
        }
        Ok(state)
    }
}
