//! Records that are being worked on. One that is refused now, because its time is over or its brand has new keys, may have come
//! before and be among them: then nobody knows yet what becomes of it, and a refusal could turn out to be false.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use placet_schemas::id::Digest;

/// All of them: how many copies of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<Digest, usize>>>);

/// One, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flight {
    flights: Flights,
    digest: Digest,
}

impl Flights {
    /// Notes that a copy of a record has come.
    pub(crate) fn begin(&self, digest: Digest) -> Flight {
        self.change(|flights| *flights.entry(digest).or_default() += 1);
        Flight {
            flights: self.clone(),
            digest,
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<Digest, usize>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Flight {
    /// Whether another copy of the record is being worked on.
    pub(crate) fn has_company(&self) -> bool {
        self.flights
            .change(|flights| flights.get(&self.digest).is_some_and(|copies| *copies > 1))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.change(|flights| {
            if let Some(times) = flights.get_mut(&self.digest) {
                *times -= 1;
                if *times == 0 {
                    flights.remove(&self.digest);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_company_until_the_others_are_answered() {
        let (flights, digest) = (Flights::default(), Digest::of(b"record"));
        let (one, another) = (flights.begin(digest), flights.begin(Digest::of(b"another")));
        assert!(!one.has_company());
        let two = flights.begin(digest);
        assert!(one.has_company() && two.has_company() && !another.has_company());
        drop(one);
        assert!(!two.has_company());
        drop((two, another));
        assert!(flights.change(|flights| flights.is_empty()));
    }
}
