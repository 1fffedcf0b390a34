//! Where the issuer is: its public URL, and the did:web that follows from it.

use placet_schemas::id::{Did, Iri};

use crate::error::OpenError;

/// Longest public URL, in bytes: what follows it must still be an IRI.
const MAX_URL_BYTES: usize = 512;

/// The public URL, without a slash at its end: the Credential Issuer Identifier of OpenID4VCI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: String,
    /// Host and port.
    authority: String,
    /// With its slash, or empty.
    path: String,
}

impl PublicUrl {
    /// Reads it. Only one on this machine may be without TLS.
    ///
    /// # Errors
    /// [`OpenError::PublicUrl`].
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let wrong = || OpenError::PublicUrl(text.to_owned());
        let url = text.trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let host = match authority.strip_prefix('[') {
            Some(six) => six.split_once(']').map(|(host, _)| host).unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let is_local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let legal = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || more.contains(&b))
        };
        // A colon in a path would be a slash in the did:web.
        let named = legal(authority, b":[]") && legal(path, b"/");
        let schemed = scheme == "https" || (scheme == "http" && is_local);
        let _iri: Iri = url.parse().map_err(|_| wrong())?;
        if !schemed || host.is_empty() || !named || path.contains("//") || url.len() > MAX_URL_BYTES {
            return Err(wrong());
        }
        Ok(Self {
            url: url.to_owned(),
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Its path: empty, or with a slash before it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// An address below it.
    #[must_use]
    pub fn join(&self, rest: &str) -> String {
        format!("{}{rest}", self.url)
    }

    /// The did:web of this place (did:web section 3.2); nothing for one without TLS, which nobody can resolve.
    #[must_use]
    pub fn did_web(&self) -> Option<Did> {
        if !self.url.starts_with("https://") || self.authority.starts_with('[') {
            return None;
        }
        let host = self.authority.replace(':', "%3A");
        let path = self.path.replace('/', ":");
        format!("did:web:{host}{path}").parse().ok()
    }

    /// Where its DID document is, as a path.
    #[must_use]
    pub fn did_document_path(&self) -> String {
        match self.path.as_str() {
            "" => "/.well-known/did.json".to_owned(),
            path => format!("{path}/did.json"),
        }
    }

    /// A well-known document of this place, which goes between host and path (RFC 8615, RFC 8414 section 3.1).
    #[must_use]
    pub fn well_known_path(&self, name: &str) -> String {
        format!("/.well-known/{name}{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(url: &str) -> String {
        PublicUrl::parse(url).unwrap().did_web().unwrap().to_string()
    }

    #[test]
    fn a_place_has_the_did_web_that_leads_back_to_it() {
        assert_eq!(did("https://issuer.example"), "did:web:issuer.example");
        assert_eq!(did("https://issuer.example/"), "did:web:issuer.example");
        assert_eq!(
            did("https://issuer.example:8443/a/b"),
            "did:web:issuer.example%3A8443:a:b"
        );
        let place = PublicUrl::parse("https://issuer.example/a/b").unwrap();
        assert_eq!(place.did_document_path(), "/a/b/did.json");
        assert_eq!(place.well_known_path("jwt-vc-issuer"), "/.well-known/jwt-vc-issuer/a/b");
        let root = PublicUrl::parse("https://issuer.example").unwrap();
        assert_eq!(root.did_document_path(), "/.well-known/did.json");
    }

    #[test]
    fn only_this_machine_does_without_tls() {
        for url in ["http://127.0.0.1:8441", "http://localhost:1", "http://[::1]:1"] {
            assert_eq!(PublicUrl::parse(url).unwrap().did_web(), None, "{url}");
        }
        for url in [
            "http://issuer.example",
            "http://127.evil.example",
            "ftp://issuer.example",
            "https://",
            "https://a b",
            "https://issuer.example?x",
            "https://issuer.example#x",
            "https://user@issuer.example",
            "https://issuer.example/a//b",
            "https://issuer.example/:a",
            "https://issuer.example/a:b",
            "https://issuer.example/[a]",
        ] {
            assert!(PublicUrl::parse(url).is_err(), "{url}");
        }
    }
}
