//! From a did:web to the place of its document (W3C CCG did:web method specification, section 2.5.2 "Read").

use placet_schemas::id::Did;

use super::{OutgoingError, WebUrl};

/// Longest DNS name (RFC 1035 section 2.3.4), and longest label.
const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// `did:web:host[%3Aport][:part]*` -> `host[:port]/.well-known/did.json` or `host[:port]/part/…/did.json`.
///
/// # Errors
/// [`OutgoingError::NotFetchable`] when it is no did:web, the host is no host, the port no port, or a path part is
/// empty after decoding or could step out of its place.
pub fn did_web_url(did: &Did) -> Result<WebUrl, OutgoingError> {
    let name = did
        .as_str()
        .strip_prefix("did:web:")
        .ok_or(OutgoingError::NotFetchable("the DID is no did:web"))?;
    let mut parts = name.split(':');
    let (host, port) = authority(parts.next().unwrap_or_default())?;
    let mut path = String::new();
    for part in parts {
        check_path_part(part)?;
        path.push('/');
        path.push_str(part);
    }
    let path = if path.is_empty() {
        "/.well-known/did.json".to_owned()
    } else {
        path + "/did.json"
    };
    Ok(WebUrl { host, port, path })
}

/// The host and, after an encoded colon, the port.
fn authority(text: &str) -> Result<(String, Option<u16>), OutgoingError> {
    let text = text.to_ascii_lowercase();
    let (host, port) = match text.split_once("%3a") {
        Some((host, port)) => (host, Some(port)),
        None => (text.as_str(), None),
    };
    let label = |l: &str| {
        (1..=MAX_LABEL_BYTES).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.len() > MAX_HOST_BYTES || !host.split('.').all(label) {
        return Err(OutgoingError::NotFetchable("the host of the did:web is no DNS name"));
    }
    let port = port.map(|text| {
        let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| canonical)
            .ok_or(OutgoingError::NotFetchable("the port of the did:web is no port"))
    });
    Ok((host.to_owned(), port.transpose()?))
}

/// Path parts stay percent-encoded as they are; what they decode to must not be a step (`..`) or hold a delimiter, since a
/// server might decode first and walk then.
fn check_path_part(part: &str) -> Result<(), OutgoingError> {
    const WHAT: OutgoingError = OutgoingError::NotFetchable("a path part of the did:web is no plain name");
    let mut decoded = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_digit(bytes.next())
                .zip(hex_digit(bytes.next()))
                .map(|(high, low)| high << 4 | low)
                .ok_or(WHAT)?,
            other => other,
        });
    }
    let plain = !decoded.is_empty()
        && !decoded.iter().all(|b| *b == b'.')
        && decoded
            .iter()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b'\\' | b'%' | b'?' | b'#'));
    if plain { Ok(()) } else { Err(WHAT) }
}

fn hex_digit(byte: Option<u8>) -> Option<u8> {
    char::from(byte?)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(did: &str) -> Option<String> {
        let url = did_web_url(&did.parse().unwrap()).ok()?;
        let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}{port}{}", url.host, url.path))
    }

    #[test]
    fn the_examples_of_the_specification() {
        let cases = [
            ("did:web:w3c-ccg.github.io", "w3c-ccg.github.io/.well-known/did.json"),
            (
                "did:web:w3c-ccg.github.io:user:alice",
                "w3c-ccg.github.io/user/alice/did.json",
            ),
            (
                "did:web:example.com%3A3000:user:alice",
                "example.com:3000/user/alice/did.json",
            ),
            ("did:web:Example.COM%3a3000", "example.com:3000/.well-known/did.json"),
            ("did:web:example.com:a%2Db", "example.com/a%2Db/did.json"),
        ];
        for (did, place) in cases {
            assert_eq!(url(did).as_deref(), Some(place), "{did}");
        }
    }

    #[test]
    fn nothing_else_than_a_host_a_port_and_plain_names() {
        let refused = [
            "did:web:example.com%3A",
            "did:web:example.com%3A0",
            "did:web:example.com%3A65536",
            "did:web:a%3A1%3A2",
            "did:web:example.com%3A+1",
            "did:web:a%40b",
            "did:web:a%2Fb",
            "did:web:.",
            "did:web:a..b",
            "did:web:-a.example",
            "did:web:example.com:..",
            "did:web:example.com:.",
            "did:web:example.com:%2e%2E",
            "did:web:example.com:a%2Fb",
            "did:web:example.com:a%5Cb",
            "did:web:example.com:a%00",
            "did:web:example.com:a%",
            "did:web:example.com:a%2",
            "did:web:example.com:a%3Fb",
            "did:web:example.com:a%23b",
            "did:web:example.com:%252e",
            "did:web:%5B::1%5D",
        ];
        for did in refused.into_iter().filter(|did| did.parse::<Did>().is_ok()) {
            assert_eq!(url(did), None, "{did}");
        }
        let key = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
        assert_eq!(url(key), None);
    }
}
