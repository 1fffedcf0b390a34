//! Receipts, and the two forms of a status list.

use std::sync::LazyLock;

use placet_kernel::bundle::Verdict;
use placet_kernel::receipt;
use placet_kernel::status::{Bits, MAX_LIST_BYTES, StatusError};
use placet_kernel::trust::Trust;
use placet_linked_data::Contexts;
use placet_schemas::credential::Secured;
use placet_schemas::credential::receipt::Receipt;
use placet_schemas::time::Timestamp;

use super::sample::example;
use super::{assert_code, assert_told};
use crate::p;

static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::parse(&example("receipt-trust.json")).unwrap());
/// The only receipt that was ever signed, in its canonical form.
static SIGNED: LazyLock<Secured<Receipt>> = LazyLock::new(|| receipt::parse(&example("receipt.json")).unwrap());
static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| example("receipt-status.json"));

/// When the list of the example was good.
fn then() -> Timestamp {
    p("2026-11-22T05:04:30Z")
}

/// A receipt, with the status list of the example.
pub fn receipt(data: &[u8]) -> bool {
    let report = match receipt::verify(data, Some(&LIST), Some(&TRUST), then(), Contexts::bundled()) {
        Ok(report) => report,
        Err(fault) => {
            assert_told(&fault);
            return false;
        }
    };
    for finding in &report.findings {
        assert_code(finding.code);
        assert!(!finding.why.contains(char::is_control), "{:?}", finding.why);
    }
    let read = receipt::parse(data).unwrap();
    assert_eq!(receipt::parse(&read.bytes).unwrap(), read, "read again it is the same");
    assert!(
        report.issued != Verdict::Holds || read.bytes == SIGNED.bytes,
        "nobody signed this"
    );
    assert!(report.in_force != Verdict::Holds || report.issued.max(report.recorded) == Verdict::Holds);
    true
}

/// An `encodedList`.
pub fn status_bitstring(data: &[u8]) -> bool {
    str::from_utf8(data).is_ok_and(|text| list(Bits::from_bitstring(text), Bits::to_bitstring, Bits::from_bitstring))
}

/// An `lst`.
pub fn status_token(data: &[u8]) -> bool {
    str::from_utf8(data).is_ok_and(|text| list(Bits::from_token(text), Bits::to_token, Bits::from_token))
}

fn list(
    read: Result<Bits, StatusError>,
    write: fn(&Bits) -> String,
    again: fn(&str) -> Result<Bits, StatusError>,
) -> bool {
    match read {
        Ok(bits) => {
            assert!(bits.as_bytes().len() <= MAX_LIST_BYTES);
            assert_eq!(again(&write(&bits)).as_ref(), Ok(&bits));
            let entries = bits.entries() as u64;
            assert!(bits.get(entries).is_err() && (entries == 0 || bits.get(entries - 1).is_ok()));
            true
        }
        Err(error) => {
            assert_code(error.code());
            false
        }
    }
}

pub(super) fn receipts() -> Vec<Vec<u8>> {
    vec![example("receipt.json"), SIGNED.bytes.clone()]
}

/// Lists of which no entry, and some, are set.
pub(super) fn lists(write: fn(&Bits) -> String) -> Vec<Vec<u8>> {
    let none = Bits::none_set();
    let mut some = none.clone();
    for index in [0, 7, 94_567, 131_071] {
        some.set(index).unwrap();
    }
    [none, some].iter().map(|bits| write(bits).into_bytes()).collect()
}
