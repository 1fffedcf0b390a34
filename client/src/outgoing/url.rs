//! Addresses on the web, taken apart.

use std::net::IpAddr;

use hyper::Uri;

use super::OutgoingError;

/// A place on the web: a host, perhaps a port, and a path. The scheme is the client's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl {
    /// A DNS name in lowercase, or an IP address where the client is configured to go inwards.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// The path, which starts with `/`, and the query, if there is one.
    pub path: String,
}

impl WebUrl {
    /// Takes `https://host[:port][/path][?query]` apart, or the same with `http`; gives whether it was `http`.
    ///
    /// # Errors
    /// [`OutgoingError::NotFetchable`] for anything else: another scheme, a user, a fragment.
    pub fn parse(text: &str) -> Result<(Self, bool), OutgoingError> {
        const WRONG: OutgoingError = OutgoingError::NotFetchable("an address on the web is https://host/path");
        let uri: Uri = text.parse().map_err(|_| WRONG)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(WRONG);
        };
        let http = match scheme {
            "https" => false,
            "http" => true,
            _ => return Err(WRONG),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        // `Uri` drops a fragment without a word, and takes whatever follows a colon for a port.
        let rest = authority
            .as_str()
            .rsplit_once(':')
            .filter(|(_, port)| !port.ends_with(']'));
        if host.is_empty()
            || text.contains('#')
            || authority.as_str().contains('@')
            || rest.is_some() && authority.port_u16().is_none()
        {
            return Err(WRONG);
        }
        let url = Self {
            host: host.to_ascii_lowercase(),
            port: authority.port_u16(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        };
        Ok((url, http))
    }

    /// What goes into the Host header.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) => format!("[{}]", self.host),
            _ => self.host.clone(),
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (text, host, port, path, http) in [
            ("https://Shop.example", "shop.example", None, "/", false),
            (
                "https://shop.example:8443/hook?k=v",
                "shop.example",
                Some(8443),
                "/hook?k=v",
                false,
            ),
            ("http://127.0.0.1:80/", "127.0.0.1", Some(80), "/", true),
            ("http://[::1]:9/x", "::1", Some(9), "/x", true),
            ("https://[::1]", "::1", None, "/", false),
        ] {
            let (url, was_http) = WebUrl::parse(text).unwrap();
            assert_eq!(
                (url.host.as_str(), url.port, url.path.as_str(), was_http),
                (host, port, path, http),
                "{text}"
            );
        }
        assert_eq!(WebUrl::parse("http://[::1]:9/x").unwrap().0.authority(), "[::1]:9");
        assert_eq!(WebUrl::parse("https://a.example/x").unwrap().0.authority(), "a.example");
    }

    #[test]
    fn whatever_else_is_none() {
        for text in [
            "",
            "shop.example",
            "/hook",
            "ftp://shop.example",
            "https://",
            "https://user@shop.example/",
            "https://shop.example/#part",
            "https://shop.example:/",
            "https://shop.example:99999/",
            "https://shop example/",
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text}");
        }
    }
}
