//! Secrets of a short life, kept by their hash, in bounded memory.

use std::collections::{HashMap, VecDeque};

use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;

/// Values under secrets that all live equally long. What is stored is the SHA-256 of a secret: a look-up by hash takes no
/// time that tells how much of a guess was right, and a dump of memory gives no secret away.
///
/// When it is full, the oldest makes room: flooding it shortens lives, but refuses nobody.
#[derive(Debug)]
pub struct Expiring<V> {
    capacity: usize,
    entries: HashMap<Digest, (Life, V)>,
    /// In the order of insertion, which is that of expiry. May hold keys that were taken meanwhile.
    order: VecDeque<Digest>,
}

/// From when to when a value lives.
#[derive(Debug, Clone, Copy)]
struct Life {
    since: Timestamp,
    until: Timestamp,
}

impl<V: Clone> Expiring<V> {
    /// Room for so many.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Keeps a value until `expires`.
    pub fn insert(&mut self, secret: &str, value: V, expires: Timestamp, now: Timestamp) {
        while self
            .order
            .front()
            .is_some_and(|oldest| self.order.len() >= self.capacity || !self.is_live(oldest, now))
        {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
        let key = Digest::of(secret.as_bytes());
        let life = Life {
            since: now,
            until: expires,
        };
        self.entries.insert(key, (life, value));
        self.order.push_back(key);
    }

    /// The value, if the secret is known and alive.
    #[must_use]
    pub fn get(&self, secret: &str, now: Timestamp) -> Option<V> {
        let key = Digest::of(secret.as_bytes());
        self.entries
            .get(&key)
            .filter(|(life, _)| life.is_lived(now))
            .map(|(_, value)| value.clone())
    }

    /// The value, once.
    pub fn take(&mut self, secret: &str, now: Timestamp) -> Option<V> {
        let (life, value) = self.entries.remove(&Digest::of(secret.as_bytes()))?;
        life.is_lived(now).then_some(value)
    }

    fn is_live(&self, key: &Digest, now: Timestamp) -> bool {
        self.entries.get(key).is_some_and(|(life, _)| life.is_lived(now))
    }
}

impl Life {
    /// Also not before it began, by more than it is long: a clock that ran ahead by a day and was set right would otherwise
    /// make a life of minutes one of a day. A step back that is shorter than that, as time services make, ends nothing.
    fn is_lived(self, now: Timestamp) -> bool {
        let length = self.until.unix().saturating_sub(self.since.unix());
        now < self.until && now.plus_seconds(length) >= self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    #[test]
    fn a_value_lives_until_it_expires_or_is_taken() {
        let mut map = Expiring::new(8);
        map.insert("a", 1, at(60), at(0));
        assert_eq!(
            (map.get("a", at(59)), map.get("a", at(60)), map.get("b", at(0))),
            (Some(1), None, None)
        );
        assert_eq!(map.take("a", at(59)), Some(1));
        assert_eq!(map.take("a", at(59)), None);
        map.insert("c", 2, at(60), at(0));
        assert_eq!(map.take("c", at(60)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_life_longer_than_twice_its_length() {
        let day = 86_400;
        let mut map = Expiring::new(8);
        map.insert("ahead", 1, at(day + 60), at(day));
        assert_eq!(map.get("ahead", at(day - 60)), Some(1), "a step of a time service");
        assert_eq!(map.get("ahead", at(day - 61)), None);
        map.insert("right", 2, at(160), at(100));
        assert_eq!(
            (map.get("right", at(100)), map.entries.len()),
            (Some(2), 1),
            "what is dead made room"
        );
        assert_eq!(map.take("right", at(100)), Some(2));
    }

    #[test]
    fn memory_is_bounded_even_when_all_are_taken() {
        let mut map = Expiring::new(8);
        for n in 0..100 {
            map.insert(&n.to_string(), n, at(60), at(0));
            assert_eq!(map.take(&n.to_string(), at(0)), Some(n));
        }
        assert!(map.order.len() <= 8);
        for n in 0..100 {
            map.insert(&n.to_string(), n, at(60), at(0));
        }
        assert_eq!(
            (map.entries.len(), map.get("99", at(0)), map.get("91", at(0))),
            (8, Some(99), None)
        );
        map.insert("late", 0, at(120), at(60));
        assert_eq!((map.entries.len(), map.order.len()), (1, 1));
    }
}
