//! Which ledger to talk to, and how to reach it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::builder::BoolishValueParser;
use hyper::Uri;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::Client;

/// The ledger that a command talks to.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerArgs {
    /// Address of the ledger
    #[arg(
        long,
        env = "PLACET_URL",
        default_value = "http://127.0.0.1:8437",
        value_name = "URL"
    )]
    url: String,
    /// Allow http to other machines: tokens and invitations then travel in clear
    #[arg(long, env = "PLACET_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
    allow_http: bool,
    /// Certificate authorities to trust besides the public ones (PEM)
    #[arg(long, env = "PLACET_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// A client without a token.
    pub(crate) fn client(&self) -> Result<Client> {
        Ok(Client::new(Server::new(
            &self.url,
            self.allow_http,
            self.ca_file.as_deref(),
        )?))
    }
}

impl Client {
    /// A client, without a token, of the ledger at an address that a link or a wallet names.
    pub(crate) fn at(url: &str, allow_http: bool, ca_file: Option<&Path>) -> Result<Self> {
        Ok(Self::new(Server::new(url, allow_http, ca_file)?))
    }
}

/// A ledger's address, checked.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Name or address, as a socket wants it.
    pub(super) host: String,
    pub(super) port: u16,
    /// What goes into the Host header.
    pub(super) authority: String,
    /// What every path starts with; empty, or it starts with a slash and ends without one.
    pub(super) prefix: String,
    /// Where the connection is encrypted.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    url: String,
}

impl Server {
    /// Checks an address. Without `allow_http`, http is for this machine only.
    pub(crate) fn new(url: &str, allow_http: bool, ca_file: Option<&Path>) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            bail!("{url} is no URL: one starts with https://");
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            bail!("{url}: the address of a ledger has no user and no query");
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
                bail!("{url}: http to another machine shows tokens to whoever listens; use https, or --allow-http")
            }
            _ => bail!("{url}: the address of a ledger starts with https://"),
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
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn is_loopback(host: &str) -> bool {
    // RFC 6761 section 6.3: localhost and every name below it is this machine.
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn server_name(host: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).with_context(|| format!("{host} is no name of a server"))
}

fn tls_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        let refused = || format!("{}: no certificates can be read from it", path.display());
        for certificate in CertificateDer::pem_file_iter(path).with_context(refused)? {
            roots.add(certificate.with_context(refused)?).with_context(refused)?;
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
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
