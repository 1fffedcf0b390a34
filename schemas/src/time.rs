//! Times and periods, as records carry them.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

use crate::id::IdError;
use crate::parsed::deserialize_parsed;

/// A moment in whole seconds of UTC: RFC 3339 with `Z`, such as `2026-11-22T05:00:00Z`; years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Timestamp(u64);
deserialize_parsed!(Timestamp);

/// The last second of the year 9999, the last that RFC 3339 can write.
pub const MAX_TIMESTAMP: u64 = 253_402_300_799;

impl Timestamp {
    /// From seconds since 1970-01-01T00:00:00Z; `None` after the year 9999.
    #[must_use]
    pub const fn from_unix(seconds: u64) -> Option<Self> {
        if seconds <= MAX_TIMESTAMP {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// This moment and `seconds` more, stopping at the year 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds).min(MAX_TIMESTAMP))
    }

    /// This moment less `seconds`, stopping at 1970.
    #[must_use]
    pub const fn minus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// This moment and a calendar period more, stopping at the year 9999. The day of the month is clipped to the
    /// length of the month that is reached (31 January and `P1M` is 28 or 29 February), as Regulation (EEC, Euratom)
    /// 1182/71 counts months.
    #[must_use]
    pub fn plus(self, period: Period) -> Self {
        let Some(date_time) = self.date_time() else {
            return Self(MAX_TIMESTAMP);
        };
        let month0 = u64::from(u8::from(date_time.month()) - 1) + u64::from(period.months);
        let year = i64::from(date_time.year()) + i64::try_from(month0 / 12).unwrap_or(i64::MAX / 2);
        let reached = i32::try_from(year).ok().filter(|y| *y <= 9999).and_then(|year| {
            let month = time::Month::try_from(u8::try_from(month0 % 12 + 1).ok()?).ok()?;
            let day = date_time.day().min(month.length(year));
            let date = time::Date::from_calendar_date(year, month, day).ok()?;
            u64::try_from(date.with_time(date_time.time()).assume_utc().unix_timestamp()).ok()
        });
        reached.map_or(Self(MAX_TIMESTAMP), |s| {
            Self(s.min(MAX_TIMESTAMP)).plus_seconds(u64::from(period.days) * 86_400)
        })
    }

    fn date_time(self) -> Option<time::OffsetDateTime> {
        time::OffsetDateTime::from_unix_timestamp(i64::try_from(self.0).ok()?).ok()
    }
}

const NOT_A_TIME: IdError = IdError::new("a time is RFC 3339 in UTC and whole seconds, like 2026-11-22T05:00:00Z");

impl FromStr for Timestamp {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        let shape = b"dddd-dd-ddTdd:dd:ddZ";
        let fits = bytes.len() == shape.len()
            && bytes
                .iter()
                .zip(shape)
                .all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s });
        if !fits {
            return Err(NOT_A_TIME);
        }
        let number = |from: usize, to: usize| bytes[from..to].iter().fold(0u16, |n, b| n * 10 + u16::from(b - b'0'));
        let small = |from: usize| u8::try_from(number(from, from + 2)).unwrap_or(u8::MAX);
        let date = time::Month::try_from(small(5))
            .and_then(|month| time::Date::from_calendar_date(i32::from(number(0, 4)), month, small(8)))
            .map_err(|_| NOT_A_TIME)?;
        let time = time::Time::from_hms(small(11), small(14), small(17)).map_err(|_| NOT_A_TIME)?;
        u64::try_from(date.with_time(time).assume_utc().unix_timestamp())
            .map(Self)
            .map_err(|_| NOT_A_TIME)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> String {
        time.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(t) = self.date_time() else {
            return Err(fmt::Error);
        };
        let (month, (hour, minute, second)) = (u8::from(t.month()), t.to_hms());
        write!(
            f,
            "{:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
            t.year(),
            t.day()
        )
    }
}

/// A calendar period: the ISO 8601 durations of years, months and days, in their one shortest form (`P1Y6M`, not
/// `P18M`; `P90D`). Months and days do not convert into one another, so two periods may be incomparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct Period {
    months: u32,
    days: u32,
}
deserialize_parsed!(Period);

/// Longest period in months, and in days: a hundred years either way.
pub const MAX_PERIOD_MONTHS: u32 = 1200;
/// See [`MAX_PERIOD_MONTHS`].
pub const MAX_PERIOD_DAYS: u32 = 36_525;

impl Period {
    /// A period of so many months and days; `None` when it is empty or longer than a hundred years.
    #[must_use]
    pub const fn new(months: u32, days: u32) -> Option<Self> {
        if months > MAX_PERIOD_MONTHS || days > MAX_PERIOD_DAYS || (months == 0 && days == 0) {
            return None;
        }
        Some(Self { months, days })
    }

    /// Whether this period is surely no longer than `other`. `P30D` and `P1M` are incomparable: neither is.
    #[must_use]
    pub const fn at_most(self, other: Self) -> bool {
        self.months <= other.months && self.days <= other.days
    }
}

const NOT_A_PERIOD: IdError = IdError::new(
    "a period is an ISO 8601 duration of years, months, days in its shortest form, like P3Y, P1Y6M or P90D",
);

impl FromStr for Period {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut rest = text.strip_prefix('P').ok_or(NOT_A_PERIOD)?;
        let mut take = |unit: char| -> Option<u32> {
            let Some((digits, after)) = rest.split_once(unit) else {
                return Some(0);
            };
            if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            rest = after;
            digits.parse().ok()
        };
        let parts = (take('Y'), take('M'), take('D'));
        let (Some(years), Some(months), Some(days)) = parts else {
            return Err(NOT_A_PERIOD);
        };
        let period = Self::new(years * 12 + months, days).ok_or(NOT_A_PERIOD)?;
        // One spelling for one period: whatever does not print back the same is refused.
        if period.to_string() == text {
            Ok(period)
        } else {
            Err(NOT_A_PERIOD)
        }
    }
}

impl TryFrom<String> for Period {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        for (count, unit) in [(self.months / 12, 'Y'), (self.months % 12, 'M'), (self.days, 'D')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_have_one_spelling() {
        assert_eq!(at("1970-01-01T00:00:00Z").unix(), 0);
        assert_eq!(at("2026-11-22T05:00:00Z").to_string(), "2026-11-22T05:00:00Z");
        for bad in [
            "2026-11-22T05:00:00+00:00",
            "2026-11-22T05:00:00.0Z",
            "2026-11-22t05:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-12-31T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "2026-13-01T00:00:00Z",
            " 2026-11-22T05:00:00Z",
            "",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn months_clip_to_the_end_of_the_month() {
        assert_eq!(
            at("2027-01-31T10:00:00Z").plus("P1M".parse().unwrap()),
            at("2027-02-28T10:00:00Z")
        );
        assert_eq!(
            at("2028-01-31T10:00:00Z").plus("P1M".parse().unwrap()),
            at("2028-02-29T10:00:00Z")
        );
        assert_eq!(
            at("2026-11-22T05:00:00Z").plus("P1Y2M3D".parse().unwrap()),
            at("2028-01-25T05:00:00Z")
        );
        assert_eq!(
            at("9999-12-31T00:00:00Z").plus("P1Y".parse().unwrap()).unix(),
            MAX_TIMESTAMP
        );
    }

    #[test]
    fn periods_have_one_spelling_and_a_partial_order() {
        for bad in [
            "P", "P0D", "P12M", "P1W", "PT1H", "P1D1M", "P-1D", "P01Y", "p1Y", "P1Y0M", "P999999D", "P101Y",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
        let period = |t: &str| t.parse::<Period>().unwrap();
        assert!(period("P1Y").at_most(period("P1Y6M")));
        assert!(!period("P30D").at_most(period("P1M")) && !period("P1M").at_most(period("P30D")));
        assert_eq!(period("P1Y6M3D").to_string(), "P1Y6M3D");
    }
}
