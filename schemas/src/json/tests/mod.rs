mod canonical;
mod decoding;
mod parsing;
mod properties;
mod writing;

use super::{Document, Fault, FaultCode, parse, parse_canonical};

const MAX_BYTES: usize = 1 << 20;

fn read(text: &str) -> Document<'_> {
    parse(text.as_bytes(), MAX_BYTES).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn refused(text: &str) -> Fault {
    match parse(text.as_bytes(), MAX_BYTES) {
        Ok(_) => panic!("accepted: {text}"),
        Err(fault) => fault,
    }
}

/// Every text must be refused with this code, at this pointer, by both entrances.
fn assert_refused(code: FaultCode, cases: &[(&str, &str)]) {
    for (text, pointer) in cases {
        let fault = refused(text);
        assert_eq!((fault.code, &*fault.pointer), (code, *pointer), "{text}: {fault}");
        let same = parse_canonical(text.as_bytes(), MAX_BYTES).unwrap_err();
        assert_eq!(same, fault, "{text}");
    }
}
