//! Which ledger to talk to, and how to reach it.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::Uri;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It is none.
    #[error("{url} is no address of a ledger: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file of authorities.
    #[error("{}: no certificates can be read from it: {error}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A ledger's address, checked.
#[derive(Debug, Clone)]
pub struct Server {
    /// Name or address, as a socket wants it.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What goes into the Host header.
    pub(crate) authority: String,
    /// What every path starts with; empty, or it starts with a slash and ends without one.
    pub(crate) prefix: String,
    /// Where the connection is encrypted.
    pub(crate) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    url: String,
}

impl Server {
    /// Checks an address. Without `allow_http`, http is for this machine only.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub fn new(url: &str, allow_http: bool, ca_file: Option<&Path>) -> Result<Self, ServerError> {
        let broken = |why| ServerError::Url {
            url: url.to_owned(),
            why,
        };
        let uri: Uri = url.parse().map_err(|_| broken("it cannot be read"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(broken("one starts with https://"));
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(broken("the address of a ledger has no user and no query"));
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = match scheme {
            "https" => Some((tls_config(ca_file)?, server_name(&host)?)),
            "http" if allow_http || is_loopback(&host) => None,
            "http" => {
                return Err(broken(
                    "http to another machine shows tokens to whoever listens; use https, or --allow-http",
                ));
            }
            _ => return Err(broken("the address of a ledger starts with https://")),
        };
        Ok(Self {
            port: authority.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 }),
            authority: authority.to_string(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            url: url.trim_end_matches('/').to_owned(),
            host,
            tls,
        })
    }

    /// The address as it was given, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn is_loopback(host: &str) -> bool {
    // RFC 6761 section 6.3: localhost and every name below it is this machine.
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn server_name(host: &str) -> Result<ServerName<'static>, ServerError> {
    ServerName::try_from(host.to_owned()).map_err(|_| ServerError::Url {
        url: host.to_owned(),
        why: "it is no name of a server",
    })
}

fn tls_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ServerError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        let refused = |error: &dyn ToString| ServerError::Certificates {
            path: path.to_owned(),
            error: io::Error::other(error.to_string()),
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))? {
            let certificate = certificate.map_err(|error| refused(&error))?;
            roots.add(certificate).map_err(|error| refused(&error))?;
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| ServerError::Tls(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_only() {
        for good in [
            "http://127.0.0.1:8437",
            "http://localhost",
            "http://[::1]:80/",
            "https://ledger.example/placet/",
        ] {
            assert!(Server::new(good, false, None).is_ok(), "{good}");
        }
        for bad in [
            "http://ledger.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "localhost:80",
            "http://a@localhost",
            "x",
        ] {
            assert!(Server::new(bad, false, None).is_err(), "{bad}");
        }
        assert!(Server::new("http://ledger.example", true, None).is_ok());
    }

    #[test]
    fn an_address_may_have_a_path_and_a_port() {
        let server = Server::new("https://ledger.example:8443/placet/", false, None).unwrap();
        assert_eq!(
            (server.host.as_str(), server.port, server.prefix.as_str()),
            ("ledger.example", 8443, "/placet")
        );
        assert_eq!(server.url(), "https://ledger.example:8443/placet");
        assert_eq!(Server::new("http://[::1]", false, None).unwrap().host, "::1");
    }
}
