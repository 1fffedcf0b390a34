//! Access reports: what the brand's services say that they really did, line by line, and whether a permit stood behind it.
//!
//! A report is believed as what it is, the brand's word: it is written down also when no permit stands behind it, and that is
//! counted. Permits are remembered for [`REPORT_SECONDS`]; one that nobody reports by then is counted too.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use placet_kernel::decision;
use placet_schemas::access::{AccessLine, AccessLineType, MAX_LINE_BYTES};
use placet_schemas::api::{MAX_REPORTED, Reported, ReportedAccess};
use placet_schemas::authzen::{Asked, DecisionStatement, Whom};
use placet_schemas::id::{Digest, RecordId};
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::CategoryTerm;

use placet_service::random;

use crate::error::StoreError;
use crate::journal::{BATCH_SECONDS, Entry, Journal};
use crate::verifier::{Inner, Verifier};

/// How long a permit waits for its report, in seconds.
pub const REPORT_SECONDS: u64 = 600;
/// Most permits that are remembered; the oldest go first, and count as not reported.
const MAX_PERMITS: usize = 1_000_000;

/// Permits that wait for their report.
#[derive(Debug, Default)]
pub(crate) struct Permits(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    permits: HashMap<RecordId, Permit>,
    order: VecDeque<(Timestamp, RecordId)>,
}

/// What a permit was for, and which consent covers which category.
type For = (Option<Asked>, Vec<(CategoryTerm, Digest)>);

#[derive(Debug)]
struct Permit {
    asked: Option<Asked>,
    consents: Vec<(CategoryTerm, Digest)>,
    reported: bool,
}

/// Why a report is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Too many at once.
    #[error("a report has at most {MAX_REPORTED} accesses")]
    TooMany,
    /// It does not say whose data it was.
    #[error("access {0} says neither evaluation nor customer nor person, or both of the last two")]
    Whose(usize),
    /// It is dated in the future.
    #[error("access {0} is dated in the future of this machine's clock")]
    Future(usize),
    /// Its line would be too long.
    #[error("access {0} makes a line of more than {MAX_LINE_BYTES} bytes: report it in parts")]
    TooLong(usize),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Permits {
    /// Remembers a permit.
    pub(crate) fn remember(&self, statement: &DecisionStatement) -> u64 {
        if !statement.decision {
            return 0;
        }
        let consents = statement
            .reasons
            .iter()
            .filter_map(|reason| Some((reason.category?, reason.consent?)));
        let permit = Permit {
            asked: statement.asked.clone(),
            consents: consents.collect(),
            reported: false,
        };
        let mut waiting = self.lock();
        waiting.permits.insert(statement.evaluation_id.clone(), permit);
        waiting
            .order
            .push_back((statement.evaluated_at, statement.evaluation_id.clone()));
        let over = waiting.order.len().saturating_sub(MAX_PERMITS);
        (0..over).map(|_| waiting.forget_first()).sum()
    }

    /// Remembers the permits of the last minutes again, after a restart: they are in the journal.
    pub(crate) fn recall(&self, journal: &Journal, now: Timestamp) -> Result<(), StoreError> {
        let since = now.minus_seconds(REPORT_SECONDS);
        for minute in journal
            .all()?
            .into_iter()
            .filter(|minute| (minute + 1) * BATCH_SECONDS >= since.unix())
        {
            for entry in journal.read(minute)? {
                if let Entry::Decision(signed) = entry
                    && let Ok(signed) = decision::read(&signed)
                {
                    self.remember(&signed.statement);
                }
            }
        }
        Ok(())
    }

    /// Forgets permits that are older than [`REPORT_SECONDS`]; gives how many of them nobody reported.
    pub(crate) fn expire(&self, now: Timestamp) -> u64 {
        let mut waiting = self.lock();
        let mut missing = 0;
        while waiting
            .order
            .front()
            .is_some_and(|(at, _)| at.plus_seconds(REPORT_SECONDS) < now)
        {
            missing += waiting.forget_first();
        }
        missing
    }

    /// What a permit was for and its consents; it is reported now.
    fn report(&self, id: &RecordId) -> Option<For> {
        let mut waiting = self.lock();
        let permit = waiting.permits.get_mut(id)?;
        permit.reported = true;
        Some((permit.asked.clone(), permit.consents.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn forget_first(&mut self) -> u64 {
        let permit = self.order.pop_front().and_then(|(_, id)| self.permits.remove(&id));
        u64::from(permit.is_some_and(|permit| !permit.reported))
    }
}

impl Verifier {
    /// Writes down what a service reports. When this returns, it is on disk, and will be anchored and handed to the ledger.
    ///
    /// # Errors
    /// See [`ReportError`]; nothing is written down then.
    pub async fn report(&self, accesses: &[ReportedAccess]) -> Result<Reported, ReportError> {
        if accesses.len() > MAX_REPORTED {
            return Err(ReportError::TooMany);
        }
        let now = self.inner.clock.now();
        for (at, access) in accesses.iter().enumerate() {
            let named = usize::from(access.customer.is_some()) + usize::from(access.person.is_some());
            if named > 1 || (named == 0 && access.evaluation.is_none()) {
                return Err(ReportError::Whose(at));
            }
            if access.at.is_some_and(|time| time > now) {
                return Err(ReportError::Future(at));
            }
        }
        let mut entries = Vec::new();
        let mut without_permit = 0;
        for (at, access) in accesses.iter().enumerate() {
            let (lines, permitted) = self.inner.lines(access, now)?;
            without_permit += usize::from(!permitted);
            for line in lines {
                let line = line.to_bytes();
                if line.len() > MAX_LINE_BYTES {
                    return Err(ReportError::TooLong(at));
                }
                entries.push(Entry::Line(line));
            }
        }
        let lines = entries.len();
        let inner = std::sync::Arc::clone(&self.inner);
        let written = tokio::task::spawn_blocking(move || inner.journal.append(&entries, now, true)).await;
        written.map_err(|_| StoreError::Corrupt("the journal's writer failed"))??;
        self.inner.pulse.reported(lines as u64, without_permit as u64);
        Ok(Reported { lines, without_permit })
    }
}

impl Inner {
    /// The lines of one access, and whether a permit of its own stands behind it.
    fn lines(&self, access: &ReportedAccess, now: Timestamp) -> Result<(Vec<AccessLine>, bool), StoreError> {
        let permit = access.evaluation.as_ref().and_then(|id| self.permits.report(id));
        let permitted = permit.as_ref().is_some_and(|(asked, consents)| {
            let same = asked.as_ref().is_some_and(|asked| is_for(asked, access));
            let covers = |category| consents.iter().any(|(covered, _)| covered == category);
            same && access.categories.iter().all(covers)
        });
        let mut consents = match permit {
            Some((_, consents)) => consents,
            None => self.consents_of(access),
        };
        // A consent that was destroyed since is nobody's any more.
        consents.retain(|(_, consent)| self.read(|replica| replica.find(consent).is_some()));
        // The person reads her own lines: so each consent has one for its own categories.
        let mut by_consent: HashMap<Option<Digest>, Vec<CategoryTerm>> = HashMap::new();
        for category in access.categories.iter() {
            let consent = consents
                .iter()
                .find(|(covered, _)| covered == category)
                .map(|(_, consent)| *consent);
            by_consent.entry(consent).or_default().push(*category);
        }
        let mut lines = Vec::new();
        for (consent, categories) in by_consent {
            let Some(categories) = SomeOf::new(Set::from_members(categories)) else {
                continue;
            };
            lines.push(AccessLine {
                version: Version,
                r#type: AccessLineType::default(),
                id: RecordId::from_random(random::bytes()?),
                controller: self.settings.controller.clone(),
                consent,
                at: access.at.unwrap_or(now),
                evaluation: access.evaluation.clone(),
                service: access.service.clone(),
                purpose: access.purpose.clone(),
                categories,
                processing: access.processing,
                delivery: access.delivery,
                third_party: access.third_party.clone(),
            });
        }
        Ok((lines, permitted))
    }

    /// The consents that an access without a permit is about: for each category the newest that ever granted it for the
    /// purpose.
    fn consents_of(&self, access: &ReportedAccess) -> Vec<(CategoryTerm, Digest)> {
        let whom = match (&access.customer, &access.person) {
            (Some(customer), _) => Whom::Customer(customer.clone()),
            (None, Some(person)) => Whom::Person(person.clone()),
            (None, None) => return Vec::new(),
        };
        self.read(|replica| {
            let known = replica.known(&whom).unwrap_or_default();
            let of = |category: &CategoryTerm| {
                let granted = known.iter().filter(|consent| {
                    let clauses = consent.events.iter().flat_map(|event| event.granted.scope.clauses());
                    clauses
                        .into_iter()
                        .any(|clause| clause.purpose.id == access.purpose && clause.categories.has(category))
                });
                let newest = granted.max_by_key(|consent| consent.events.last().map(|event| event.index));
                newest.map(|consent| (*category, consent.id))
            };
            access.categories.iter().filter_map(of).collect()
        })
    }
}

/// Whether what was done is what was asked.
fn is_for(asked: &Asked, access: &ReportedAccess) -> bool {
    asked.purpose == access.purpose
        && asked.processing == access.processing
        && asked.delivery == access.delivery
        && asked.third_party == access.third_party
}
