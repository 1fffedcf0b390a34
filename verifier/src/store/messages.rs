//! Messages for the brand's webhook, until it has them.

use placet_schemas::time::Timestamp;
use sqlx::SqliteConnection;

use super::{Store, int, uint};
use crate::error::StoreError;
use crate::webhook::Event;

/// A time that is further away than this was reckoned by a clock that has been set back since.
const FAR_SECONDS: u64 = 2 * 24 * 3600;

/// A message that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageRow {
    /// The webhook-id.
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    /// How often it was tried.
    pub(crate) attempts: u64,
}

type Row = (String, Vec<u8>, i64);

impl Store {
    /// Puts a message beside what it tells of, in the same transaction. Of the same event there is one at a time.
    pub(super) async fn tell(&self, tx: &mut SqliteConnection, event: &Event) -> Result<(), StoreError> {
        if !self.tells {
            return Ok(());
        }
        sqlx::query(
            "INSERT OR IGNORE INTO messages (name, consent, body, made, attempts, due) VALUES ($1, $2, $3, $4, 0, 0)",
        )
        .bind(event.name())
        .bind(event.message.data.consent.map(|consent| consent.as_bytes().to_vec()))
        .bind(event.body()?)
        .bind(int(event.message.timestamp.unix()))
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The same for events of a page of the feed, each with its place in the log.
    pub(super) async fn tell_page(
        &self,
        tx: &mut SqliteConnection,
        events: &[(u64, Event)],
        last: Option<u64>,
    ) -> Result<(), StoreError> {
        let upto: Option<i64> = sqlx::query_scalar("SELECT upto FROM told WHERE id = 1")
            .fetch_optional(&mut *tx)
            .await?;
        let upto = uint(upto.unwrap_or_default())?;
        for (_, event) in events.iter().filter(|(index, _)| *index >= upto) {
            self.tell(tx, event).await?;
        }
        if let Some(next) = last.map(|last| last.saturating_add(1)).filter(|next| *next > upto) {
            sqlx::query("INSERT INTO told (id, upto) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET upto = $1")
                .bind(int(next))
                .execute(tx)
                .await?;
        }
        Ok(())
    }

    /// What is due, the oldest first; of one consent only its first, so that nothing overtakes what was before.
    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT m.name, m.body, m.attempts FROM messages m WHERE (m.due <= $1 OR m.due > $2) \
             AND (m.consent IS NULL OR NOT EXISTS \
             (SELECT 1 FROM messages e WHERE e.consent = m.consent AND e.id < m.id)) ORDER BY m.id LIMIT $3",
        )
        .bind(int(now.unix()))
        .bind(int(now.unix().saturating_add(FAR_SECONDS)))
        .bind(int(limit as u64))
        .fetch_all(&self.db)
        .await?;
        let read = |(name, body, attempts): Row| {
            Ok(MessageRow {
                name,
                body,
                attempts: uint(attempts)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// How many wait, and when the next is due.
    pub(crate) async fn messages(&self) -> Result<(u64, Option<u64>), StoreError> {
        let (count, next): (i64, Option<i64>) = sqlx::query_as("SELECT COUNT(*), MIN(due) FROM messages")
            .fetch_one(&self.db)
            .await?;
        Ok((uint(count)?, next.map(uint).transpose()?))
    }

    /// The brand has it, or will never have it. **Until this returns, it is told again.**
    pub(crate) async fn drop_message(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM messages WHERE name = $1")
            .bind(name)
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// It was tried in vain, and is tried again at `due`.
    pub(crate) async fn put_off(&self, name: &str, attempts: u64, due: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET attempts = $2, due = $3 WHERE name = $1")
            .bind(name)
            .bind(int(attempts))
            .bind(int(due))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Forgets what is of a time before this, or all of it; gives how many that were.
    pub(crate) async fn drop_messages(&self, before: Option<u64>) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM messages WHERE made < $1")
            .bind(before.map_or(i64::MAX, int))
            .execute(&self.db)
            .await?;
        Ok(gone.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use placet_schemas::api::WebhookType;
    use placet_schemas::id::Digest;

    use super::*;
    use crate::keys::ReplicaKey;

    fn event(kind: WebhookType, consent: &str, at: u64) -> Event {
        Event::of_consent(
            kind,
            "C-1".parse().unwrap(),
            Timestamp::from_unix(at).unwrap(),
            (
                Digest::of(b"request"),
                Digest::of(b"invitation"),
                Digest::of(consent.as_bytes()),
            ),
            None,
        )
    }

    #[tokio::test]
    async fn what_is_told_of_a_consent_keeps_its_order_and_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), ReplicaKey::load_or_make(dir.path()).unwrap())
            .await
            .unwrap();
        let tell = async |store: &Store, events: &[(u64, Event)], last: u64| {
            let mut tx = store.db.begin().await.unwrap();
            store.tell_page(&mut tx, events, Some(last)).await.unwrap();
            tx.commit().await.unwrap();
        };
        let given = |consent: &str| event(WebhookType::Given, consent, 100);
        let ended = |consent: &str| event(WebhookType::Withdrawn, consent, 200);
        tell(&store, &[(1, given("a"))], 1).await;
        assert_eq!(store.messages().await.unwrap().0, 0, "nobody is to be told");
        store.tells = true;
        // What has been read before is no news; the same again is there once.
        tell(
            &store,
            &[(1, given("a")), (2, given("b")), (3, given("c")), (4, ended("b"))],
            4,
        )
        .await;
        tell(&store, &[(2, given("b")), (4, ended("b")), (5, ended("c"))], 5).await;
        let now = Timestamp::from_unix(1000).unwrap();
        let names = |rows: &[MessageRow]| rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        let due = store.due(now, 9).await.unwrap();
        assert_eq!(names(&due), [given("b").name(), given("c").name()]);
        assert_eq!(store.messages().await.unwrap(), (4, Some(0)));
        // As long as the first of a consent has not come through, the next waits; others do not wait for it.
        store.put_off(&due[0].name, 1, 1100).await.unwrap();
        store.drop_message(&due[1].name).await.unwrap();
        assert_eq!(names(&store.due(now, 9).await.unwrap()), [ended("c").name()]);
        let later = Timestamp::from_unix(1100).unwrap();
        assert_eq!(
            names(&store.due(later, 9).await.unwrap()),
            [given("b").name(), ended("c").name()]
        );
        // A clock that was set back by years holds nothing up.
        store.put_off(&due[0].name, 1, 1_000_000_000).await.unwrap();
        assert_eq!(store.due(now, 9).await.unwrap()[0].attempts, 1);
        assert_eq!(store.drop_messages(Some(150)).await.unwrap(), 1);
        assert_eq!(store.drop_messages(None).await.unwrap(), 2);
    }
}
