//! Making a bundle ready for one reader: who exports it leaves out the signatures by keys that the reader does not pin.

use placet_schemas::json::{self, Fault, FaultCode, Node};

use super::MAX_BUNDLE_BYTES;
use super::format::Unverified;
use crate::checkpoint::SignedCheckpoint;
use crate::pinned;
use crate::trust::Trust;

/// The bundle without the note lines by keys that `trust` does not name. [`super::verify`] refuses a bundle with such lines:
/// it could not tell whether they were changed. A checkpoint that does not open under this trust stays as it is; nothing
/// is judged here.
///
/// # Errors
/// When the bytes are no bundle, with the JSON pointer of the fault.
pub fn strip(bytes: &[u8], trust: &Trust) -> Result<Vec<u8>, Fault> {
    let document = json::parse_canonical(bytes, MAX_BUNDLE_BYTES)?;
    let bundle = Unverified::read(&document)?;
    let checkpoints = document.root().get("checkpoints").and_then(Node::as_array);
    let mut out = Vec::with_capacity(bytes.len());
    let mut copied = 0;
    for note in checkpoints.into_iter().flatten().filter_map(|part| part.get("note")) {
        let Some(exact) = note.as_str().and_then(|text| exact_note(text, &bundle, trust)) else {
            continue;
        };
        let span = note.span();
        out.extend_from_slice(&bytes[copied..span.start]);
        let exact = json::to_jcs(&exact);
        out.extend_from_slice(
            &exact.map_err(|error| Fault::new("/checkpoints", FaultCode::InvalidValue, error.to_string()))?,
        );
        copied = span.end;
    }
    out.extend_from_slice(&bytes[copied..]);
    Ok(out)
}

fn exact_note(text: &str, bundle: &Unverified<'_>, trust: &Trust) -> Option<String> {
    let log = trust.log(&bundle.origin)?;
    let keys = pinned::keys_for(text, &bundle.origin, trust, log).ok()?;
    let signed = SignedCheckpoint::open(text.as_bytes(), &keys).ok()?;
    Some(signed.exact_note().to_owned())
}
