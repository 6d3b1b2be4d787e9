//! A real `redis-server` that speaks TLS, with certificates made for the test.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::process::Directory;
use super::{Port, RedisServer};

/// Who certifies others.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its private key, both in PEM.
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one, which nobody trusts yet.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn new() -> Self {
        // Authorities are told apart by their names: of two with one name, the other's certificates would look forged.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        let name = format!("authority {}", NUMBER.fetch_add(1, Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Certifies somebody by that name or address, until the end of that year.
    ///
    /// # Panics
    /// When the name is none.
    pub fn certify(&self, name: &str, until: i32) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A server that is reached over TLS, and by control commands over its unix socket.
pub struct TlsServer {
    /// To be hurt as any other.
    pub server: RedisServer,
    port: Port,
    _files: Directory,
}

impl TlsServer {
    /// One that shows this identity, and, if `clients` says so, demands of its clients that this authority knows them.
    ///
    /// # Panics
    /// When there is no `redis-server` that knows TLS, or it does not start.
    pub fn start(shown: &Identity, clients: Option<&Authority>) -> Self {
        let (port, files) = (Port::free(), Directory::new());
        let write = |name: &str, pem: &str| {
            let file = files.join(name);
            std::fs::write(&file, pem).expect("a file");
            file.display().to_string()
        };
        let certificate = write("server.crt", &shown.certificate);
        let key = write("server.key", &shown.key);
        // Redis wants an authority in any case.
        let authority = write("ca.crt", clients.map_or(&shown.certificate, |clients| &clients.pem));
        let demands = if clients.is_some() { "yes" } else { "no" };
        let number = port.number().to_string();
        let server = RedisServer::start_with(&[
            "--tls-port",
            &number,
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &authority,
            "--tls-auth-clients",
            demands,
        ]);
        Self { server, port, _files: files }
    }

    /// Its URL, by address.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}/", self.port.number())
    }
}
