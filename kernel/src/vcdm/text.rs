//! The forms of texts: URLs, moments, languages.

use placet_schemas::time::Timestamp;

use super::MAX_URL_BYTES;

/// A moment that a document names, exact to the nanosecond: seconds since 1970, and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64, u32);

impl Moment {
    /// `dateTimeStamp` of XML Schema 1.1 part 2, section 3.4.28, of the years 0001 to 9999. Without a zone it is no moment.
    pub(super) fn parse(text: &str) -> Option<Self> {
        const FORM: &[u8] = b"0000-00-00T00:00:00";
        let (start, rest) = text.as_bytes().split_at_checked(FORM.len())?;
        let fits = |text: &[u8], form: &[u8]| {
            let is = |(byte, form): (&u8, &u8)| {
                if *form == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte == form
                }
            };
            text.len() == form.len() && text.iter().zip(form).all(is)
        };
        if !fits(start, FORM) {
            return None;
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |n: i64, b| n * 10 + i64::from(b - b'0'));
        let [year, month, day] = [&start[0..4], &start[5..7], &start[8..10]].map(number);
        let [hour, minute, second] = [&start[11..13], &start[14..16], &start[17..19]].map(number);
        let fraction = rest.strip_prefix(b".").map(|rest| {
            let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            &rest[..length]
        });
        let zone = &rest[fraction.map_or(0, |digits| digits.len() + 1)..];
        let offset = match zone {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), zone @ ..] if fits(zone, b"00:00") => {
                let (hours, minutes) = (number(&zone[..2]), number(&zone[3..]));
                // XML Schema 1.1 part 2, section 3.3.7: to 14:00.
                let minutes = (minutes < 60)
                    .then_some(hours * 60 + minutes)
                    .filter(|m| *m <= 14 * 60)?;
                if *sign == b'+' { minutes } else { -minutes }
            }
            _ => return None,
        };
        let legal = year > 0 && (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        let midnight = hour == 24 && minute == 0 && second == 0;
        if !legal || fraction.is_some_and(<[u8]>::is_empty) || !(hour < 24 || midnight) || minute > 59 || second > 59 {
            return None;
        }
        let nanos = (0..9).fold(0, |n, at| {
            let digit = fraction.and_then(|digits| digits.get(at)).map_or(0, |b| b - b'0');
            n * 10 + u32::from(digit)
        });
        let seconds = days_before(year, month, day) * 86_400 + hour * 3600 + (minute - offset) * 60 + second;
        Some(Self(seconds, nanos))
    }

    /// Of a clock.
    pub(super) fn of(time: Timestamp) -> Self {
        Self(i64::try_from(time.unix()).unwrap_or(i64::MAX), 0)
    }
}

/// Whether the text is a URL: a scheme, and nothing that RFC 3987 forbids everywhere.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    text.len() <= MAX_URL_BYTES
        && letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !rest.is_empty()
        && rest.matches('#').count() <= 1
        && !rest
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(c))
}

/// Whether the text has the form of a language tag of RFC 5646, in subtags of at most 8 characters.
pub(super) fn is_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(at, subtag)| {
        let legal = |b: u8| b.is_ascii_alphabetic() || at > 0 && b.is_ascii_digit();
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(legal)
    })
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_TO_1970: i64 = 719_162;
    let before = year - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    years + months + day - 1 - DAYS_TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_exact_and_have_a_zone() {
        for (text, moment) in [
            ("1970-01-01T00:00:00Z", Moment(0, 0)),
            ("2026-11-22T05:00:00Z", Moment(1_795_323_600, 0)),
            ("2023-02-25T19:10:39-06:00", Moment(1_677_373_839, 0)),
            ("2020-02-29T24:00:00.5+00:00", Moment(1_583_020_800, 500_000_000)),
            ("0001-01-01T00:00:00Z", Moment(-62_135_596_800, 0)),
        ] {
            assert_eq!(Moment::parse(text), Some(moment), "{text}");
        }
        for text in [
            "",
            "2023-02-24",
            "2023-02-24T23:36:38",
            "2023-02-24T23:36:38.Z",
            "2023-02-24t23:36:38Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-01-01T24:00:01Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:00+14:01",
            "2023-01-01T00:00:00+01:60",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn urls_have_a_scheme_and_no_spaces() {
        for url in ["https://a.example/b?c#d", "did:key:z6Mk", "urn:uuid:1"] {
            assert!(is_url(url), "{url}");
        }
        let long = format!("https://{}", "a".repeat(MAX_URL_BYTES));
        for text in [
            "",
            "a",
            "a:",
            "/a",
            "https ://a",
            "a:b c",
            "a:<b>",
            "a:#b#c",
            "1a:b",
            &long,
        ] {
            assert!(!is_url(text), "{text:?}");
        }
    }
}
