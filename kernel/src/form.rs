//! What the formats that hold evidence have in common on the wire: exactly the members that are named, canonical base64 and
//! hex, and a limit on every list. Read from and written to RFC 8785 bytes.

use placet_schemas::id::Digest;
use placet_schemas::json::{Fault, FaultCode, JcsError, Node};

use crate::leaf::{SALT_BYTES, Salt};
use crate::merkle::Hash;

/// Most hashes of one proof: a tree of 2^64 leaves has paths of 64, and a consistency proof at most twice that.
pub const MAX_PROOF: usize = 128;

/// Exactly these members, which are in ascending order as in every canonical object.
pub(crate) fn members<'a, const N: usize>(node: &'a Node<'a>, names: [&str; N]) -> Result<[&'a Node<'a>; N], Fault> {
    let found = node
        .as_object()
        .ok_or_else(|| fault("", FaultCode::WrongType, "an object is wanted here"))?;
    // Nearly always these are just the members, in their order.
    if found.len() == N && found.iter().zip(names).all(|(member, name)| member.key == name) {
        return Ok(std::array::from_fn(|at| &found[at].value));
    }
    if let Some(unknown) = found.iter().find(|member| !names.contains(&member.key.as_ref())) {
        return Err(fault("", FaultCode::UnknownMember, "unknown member").under(&unknown.key));
    }
    let mut out = [node; N];
    for (slot, name) in out.iter_mut().zip(names) {
        *slot = node
            .get(name)
            .ok_or_else(|| fault("", FaultCode::MissingMember, "the member is missing").under(name))?;
    }
    Ok(out)
}

/// The same where some members may be left out. `optional` comes in the order in which it is named.
pub(crate) fn members_with<'a, const N: usize, const M: usize>(
    node: &'a Node<'a>,
    names: [&str; N],
    optional: [&str; M],
) -> Result<([&'a Node<'a>; N], [Option<&'a Node<'a>>; M]), Fault> {
    let found = node
        .as_object()
        .ok_or_else(|| fault("", FaultCode::WrongType, "an object is wanted here"))?;
    let known = |name: &str| names.contains(&name) || optional.contains(&name);
    if let Some(unknown) = found.iter().find(|member| !known(member.key.as_ref())) {
        return Err(fault("", FaultCode::UnknownMember, "unknown member").under(&unknown.key));
    }
    let mut out = [node; N];
    for (slot, name) in out.iter_mut().zip(names) {
        *slot = node
            .get(name)
            .ok_or_else(|| fault("", FaultCode::MissingMember, "the member is missing").under(name))?;
    }
    Ok((out, optional.map(|name| node.get(name))))
}

/// A list of at most `most`, each read by `read`; faults are named under `name`.
pub(crate) fn list<'a, T>(
    node: &'a Node<'a>,
    name: &str,
    most: usize,
    read: impl Fn(&'a Node<'a>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let items = array(node, most).map_err(|f| f.under(name))?;
    let mut list = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        list.push(read(item).map_err(|f| f.under(&at.to_string()).under(name))?);
    }
    Ok(list)
}

/// An array of at most `most`.
pub(crate) fn array<'a>(node: &'a Node<'a>, most: usize) -> Result<&'a [Node<'a>], Fault> {
    let items = node
        .as_array()
        .ok_or_else(|| fault("", FaultCode::WrongType, "an array is wanted here"))?;
    if items.len() > most {
        return Err(fault("", FaultCode::Oversize, "the array has too many members"));
    }
    Ok(items)
}

/// A proof: canonical base64, at most [`MAX_PROOF`].
pub(crate) fn hashes(node: &Node<'_>) -> Result<Vec<Hash>, Fault> {
    let texts = array(node, MAX_PROOF)?;
    let mut hashes = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        hashes.push(hash(text.as_str().unwrap_or_default(), at)?);
    }
    Ok(hashes)
}

/// The canonical base64 of 32 bytes.
pub(crate) fn salt(node: &Node<'_>) -> Result<Salt, Fault> {
    use base64ct::{Base64, Encoding as _};
    let wrong = || {
        fault(
            "",
            FaultCode::InvalidValue,
            "a salt is the canonical base64 of 32 bytes",
        )
    };
    let mut bytes = [0; SALT_BYTES];
    let decoded = Base64::decode(node.as_str().ok_or_else(wrong)?, &mut bytes).map_err(|_| wrong())?;
    if decoded.len() == SALT_BYTES {
        Ok(Salt::from_bytes(bytes))
    } else {
        Err(wrong())
    }
}

/// A fault at a pointer.
pub(crate) fn fault(pointer: &str, code: FaultCode, message: &str) -> Fault {
    Fault::new(pointer, code, message)
}

/// Writes `before`, then a member whose value is canonical already.
pub(crate) fn member(out: &mut Vec<u8>, before: &str, name: &str, value: &[u8]) {
    out.extend_from_slice(before.as_bytes());
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// Writes an array of what is canonical already.
pub(crate) fn write_array(items: impl Iterator<Item = Result<Vec<u8>, JcsError>>) -> Result<Vec<u8>, JcsError> {
    let mut out = vec![b'['];
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&item?);
    }
    out.push(b']');
    Ok(out)
}

/// A salt as [`salt`] reads it.
pub(crate) fn salt_text(salt: &Salt) -> String {
    use base64ct::{Base64, Encoding as _};
    Base64::encode_string(salt.as_bytes())
}

/// A proof as [`hashes`] reads it.
pub(crate) fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

/// A hash where the formats write hex.
pub(crate) const fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}

fn hash(text: &str, at: usize) -> Result<Hash, Fault> {
    Hash::from_base64(text)
        .map_err(|error| fault("", FaultCode::InvalidValue, &error.to_string()).under(&at.to_string()))
}
