//! Certificates of `rediss://`: whom to trust, and who we are.

use std::fmt;

use ::redis::ConnectionInfo;

use crate::{Error, ErrorKind};

/// What the user gave, in PEM.
#[derive(Clone, Default)]
pub(super) struct Certificates {
    pub(super) authority: Option<Vec<u8>>,
    /// A chain of certificates and the key to the first of them.
    pub(super) client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Keys are secrets.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("authority", &self.authority.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

impl Certificates {
    fn is_empty(&self) -> bool {
        self.authority.is_none() && self.client.is_none()
    }

    /// Finds what cannot work before there is a connection to fail.
    fn check(&self) -> Result<(), Error> {
        let has = |pem: &[u8], what: &str| String::from_utf8_lossy(pem).contains(what);
        let is_wrong = |pem: &Vec<u8>| !has(pem, "-----BEGIN CERTIFICATE-----");
        if self.authority.as_ref().is_some_and(is_wrong) {
            return Err(wrong(
                "ca_certificate: there is no certificate in it; give the contents of a PEM file",
            ));
        }
        let Some((chain, key)) = &self.client else { return Ok(()) };
        if is_wrong(chain) {
            return Err(wrong(
                "client_certificate: there is no certificate in it; give the contents of a PEM file",
            ));
        }
        if !has(key, "PRIVATE KEY-----") {
            return Err(wrong(
                "client_certificate: there is no private key in the second argument; give the contents of its PEM file",
            ));
        }
        Ok(())
    }

    /// The place with these certificates.
    #[cfg(feature = "redis-tls")]
    pub(super) fn with(&self, info: ConnectionInfo) -> Result<ConnectionInfo, Error> {
        let Some(certificates) = self.for_client()? else { return Ok(info) };
        if !matches!(info.addr(), ::redis::ConnectionAddr::TcpTls { .. }) {
            let place = super::url::place(&info);
            let message = format!(
                "{}: {place} is not asked over TLS; write rediss:// in its URL",
                if self.authority.is_some() { "ca_certificate" } else { "client_certificate" }
            );
            return Err(wrong(&message));
        }
        // The client's words name what could not be read, and quote nothing of it.
        let client = ::redis::Client::build_with_tls(info, certificates)
            .map_err(|error| wrong(&format!("ca_certificate or client_certificate: {error}")))?;
        Ok(client.get_connection_info().clone())
    }

    /// In the words of the client, unless there are none.
    #[cfg(feature = "redis-tls")]
    pub(super) fn for_client(&self) -> Result<Option<::redis::TlsCertificates>, Error> {
        if self.is_empty() {
            return Ok(None);
        }
        self.check()?;
        super::target::prepare_tls();
        let client_tls = self.client.clone();
        let client_tls =
            client_tls.map(|(client_cert, client_key)| ::redis::ClientTlsConfig { client_cert, client_key });
        Ok(Some(::redis::TlsCertificates { client_tls, root_cert: self.authority.clone() }))
    }

    #[cfg(not(feature = "redis-tls"))]
    pub(super) fn with(&self, info: ConnectionInfo) -> Result<ConnectionInfo, Error> {
        self.check()?;
        match self.is_empty() {
            true => Ok(info),
            false => Err(wrong(
                "ca_certificate or client_certificate: needs TLS; switch on the feature `redis-tls` of the crate \
                 `cache-memoize`",
            )),
        }
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::Setting, message)
}
