//! Settings of a [`Redis`].

use std::fmt;
use std::time::Duration;

use ::redis::cluster::ClusterClientBuilder;
use ::redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo};

use super::backend::{self, RedisBackend};
use super::line::Limits;
use super::sentinel::Sentinels;
use super::server::Server;
use super::target::{self, Target};
use super::tls::Certificates;
use super::{Redis, keys, url};
use crate::{Codec, Error, ErrorKind, Shared};

/// Settings of a [`Redis`]. One of [`url`](Self::url), [`cluster`](Self::cluster) and [`sentinel`](Self::sentinel)
/// says where it is.
#[derive(Clone)]
#[must_use = "nothing is made before `build`"]
pub struct RedisBuilder {
    places: Vec<Place>,
    username: Option<String>,
    password: Option<String>,
    database: Option<i64>,
    certificates: Certificates,
    timeout: Duration,
    namespace: Option<String>,
    codec: Option<Codec>,
    max_value_size: usize,
    max_decoded_size: Option<usize>,
    lease: Option<Duration>,
    max_wait: Option<Duration>,
}

#[derive(Clone)]
enum Place {
    Url(String),
    Cluster(Vec<String>),
    Sentinel(String, Vec<String>),
}

/// Longer than this is for ever.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl RedisBuilder {
    pub(super) fn new() -> Self {
        Self {
            places: Vec::new(),
            username: None,
            password: None,
            database: None,
            certificates: Certificates::default(),
            timeout: Duration::from_millis(100),
            namespace: None,
            codec: None,
            max_value_size: 16 << 20,
            max_decoded_size: None,
            lease: None,
            max_wait: None,
        }
    }

    /// One server: `redis://user:password@host:port/database`, `rediss://` for TLS (feature `redis-tls`), or
    /// `redis+unix:///path?db=database&user=user&pass=password` for a unix socket.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.places.push(Place::Url(url.into()));
        self
    }

    /// A Redis Cluster: the URLs of some of its nodes, which know the others. User and password must be the same in
    /// all of them.
    pub fn cluster<U: Into<String>>(mut self, nodes: impl IntoIterator<Item = U>) -> Self {
        self.places.push(Place::Cluster(nodes.into_iter().map(Into::into).collect()));
        self
    }

    /// A master that Sentinels watch: the name they know it by, and the URLs of all of them. User and password in the
    /// URLs are those of the Sentinels; [`username`](Self::username), [`password`](Self::password) and
    /// [`database`](Self::database) are for the master. With `rediss://` URLs, the master speaks TLS as well.
    pub fn sentinel<U: Into<String>>(
        mut self,
        master: impl Into<String>,
        sentinels: impl IntoIterator<Item = U>,
    ) -> Self {
        self.places.push(Place::Sentinel(master.into(), sentinels.into_iter().map(Into::into).collect()));
        self
    }

    /// The ACL user. Goes before one in a URL. An empty one is none, as if this had not been called.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into()).filter(|username| !username.is_empty());
        self
    }

    /// The password. Goes before one in a URL. An empty one is none, as if this had not been called: Redis has no empty
    /// passwords, and a variable of the environment that is not set reads as one.
    ///
    /// ```
    /// use cache_memoize::Redis;
    ///
    /// let from = |name| std::env::var(name).unwrap_or_default();
    /// let redis = Redis::builder().url("redis://127.0.0.1/").password(from("REDIS_PASSWORD")).build()?;
    /// # Ok::<(), cache_memoize::Error>(())
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into()).filter(|password| !password.is_empty());
        self
    }

    /// Whom to trust, in place of the authorities that the system trusts: certificates in PEM, such as the contents of a
    /// `ca.crt`. For servers with `rediss://` URLs (feature `redis-tls`); all of them have to be certified by it.
    ///
    /// Without it, the system's store counts, or the file that the environment variable `SSL_CERT_FILE` names.
    ///
    /// ```no_run
    /// use cache_memoize::Redis;
    ///
    /// let redis = Redis::builder()
    ///     .url("rediss://cache.internal/")
    ///     .ca_certificate(std::fs::read("/etc/redis/ca.crt")?)
    ///     .client_certificate(std::fs::read("/etc/redis/app.crt")?, std::fs::read("/etc/redis/app.key")?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.authority = Some(pem.into());
        self
    }

    /// Who we are, for a server that demands a certificate of its clients (`tls-auth-clients yes`, which is what Redis
    /// does unless told otherwise): a certificate, with those between it and its authority, and its private key, both in
    /// PEM.
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.certificates.client = Some((pem.into(), key.into()));
        self
    }

    /// The number of the database. Goes before one in a URL. A cluster has only 0, the default.
    pub fn database(mut self, number: u32) -> Self {
        self.database = Some(number.into());
        self
    }

    /// One deadline around everything that a call asks of Redis: finding it, connecting, sending, and its answer.
    /// 100 ms by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What all keys begin with, followed by a colon or a brace: programs that share a Redis are kept apart by it. `memo`
    /// by default; an empty one is none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// How values become bytes. [`Codec::Bincode`] by default.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// Larger values, in bytes, are neither stored nor read. 16 MiB by default.
    pub fn max_value_size(mut self, bytes: usize) -> Self {
        self.max_value_size = bytes;
        self
    }

    /// How much memory, in bytes, a value may take when it is read; what would take more is neither stored nor read.
    /// 256 MiB by default, or sixteen times [`max_value_size`](Self::max_value_size) where that is more. See
    /// [`SharedBuilder::max_decoded_size`](crate::SharedBuilder::max_decoded_size).
    pub fn max_decoded_size(mut self, bytes: usize) -> Self {
        self.max_decoded_size = Some(bytes);
        self
    }

    /// For how long a computation is taken for alive that no longer says so: what a crashed leader costs those who
    /// wait for it. 10 s by default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How long a call waits for another's computation, of this process or with `single_flight = "fleet"` of any, before
    /// one more may begin beside it. 30 s by default; a function's own `max_wait` goes before it.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = Some(max_wait);
        self
    }

    /// Makes the cache. Connects to nothing: it needs no server, and no async runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`], when a setting cannot work. The message names it, and has no secrets in it.
    pub fn build(self) -> Result<Redis, Error> {
        if self.timeout.is_zero() {
            return Err(wrong("timeout: 0 s leaves no time for an answer; write more, such as 100 ms"));
        }
        if let Some(namespace) =
            self.namespace.as_deref().filter(|namespace| !keys::can_be_a_namespace(namespace))
        {
            return Err(wrong(&format!(
                "namespace: {namespace:?} has a control character, or a brace that is not part of a hash tag, by which \
                 sorts of keys are told apart; write letters, digits, `-`, `_`, `:`"
            )));
        }
        let (name, target) = match self.places.as_slice() {
            [Place::Url(url)] => self.node(url)?,
            [Place::Cluster(nodes)] => self.cluster_of(nodes)?,
            [Place::Sentinel(master, sentinels)] => self.sentinel_of(master, sentinels)?,
            [] => {
                return Err(wrong("url: there is none; write `.url(..)`, `.cluster(..)` or `.sentinel(..)`"));
            }
            _ => {
                let problem = "url: the Redis is in several places; write one of `.url(..)`, `.cluster(..)` and \
                               `.sentinel(..)`, once";
                return Err(wrong(problem));
            }
        };
        let string = backend::longest_string(self.max_value_size);
        let server = Server::new(name, target, Limits { time: self.timeout.min(LONGEST), string });
        let mut shared = Shared::builder(RedisBackend::new(server, self.max_value_size))
            .codec(self.codec.unwrap_or(Codec::Bincode))
            .max_value_size(self.max_value_size);
        if let Some(max_decoded_size) = self.max_decoded_size {
            shared = shared.max_decoded_size(max_decoded_size);
        }
        if let Some(namespace) = self.namespace {
            shared = shared.namespace(namespace);
        }
        if let Some(lease) = self.lease {
            shared = shared.lease(lease);
        }
        if let Some(max_wait) = self.max_wait {
            shared = shared.max_wait(max_wait);
        }
        Ok(Redis(shared.build()))
    }

    fn node(&self, url: &str) -> Result<(String, Target), Error> {
        let info = self.certificates.with(self.with_login(url::parse("url", url)?)?)?;
        Ok((format!("redis at {}", url::place(&info)), Target::Node(info)))
    }

    fn cluster_of(&self, urls: &[String]) -> Result<(String, Target), Error> {
        let mut nodes = Vec::new();
        for url in urls {
            let info = self.certificates.with(self.with_login(url::parse("cluster", url)?)?)?;
            if info.redis_settings().db() != 0 {
                return Err(wrong("database: a cluster has only number 0; leave it out"));
            }
            if let ConnectionAddr::Unix(_) = info.addr() {
                let place = url::without_secrets(url);
                return Err(wrong(&format!("cluster: {place:?} is a unix socket; nodes have TCP addresses")));
            }
            nodes.push(info);
        }
        if nodes.is_empty() {
            return Err(wrong("cluster: there are no nodes; name at least one"));
        }
        let limit = target::node_timeout(self.timeout);
        let client = ClusterClientBuilder::new(nodes.clone());
        // The nodes that these name are asked in the same way.
        #[cfg(feature = "redis-tls")]
        let client = match self.certificates.for_client()? {
            Some(certificates) => client.certs(certificates),
            None => client,
        };
        let client = client
            .connection_timeout(limit)
            .response_timeout(limit)
            // We have one around everything.
            .overall_response_timeout(None)
            .retries(3)
            .min_retry_wait(5)
            .max_retry_wait(20)
            .tcp_settings(nodes[0].tcp_settings().clone())
            .build()
            // It compares the nodes with each other, and quotes nothing.
            .map_err(|error| wrong(&format!("cluster: {error}")))?;
        Ok((format!("redis cluster at {}", places(&nodes)), Target::Cluster { client, nodes }))
    }

    fn sentinel_of(&self, master: &str, urls: &[String]) -> Result<(String, Target), Error> {
        let mut nodes = Vec::new();
        for url in urls {
            let info = self.certificates.with(url::parse("sentinel", url)?)?;
            if info.redis_settings().db() != 0 {
                return Err(wrong("sentinel: Sentinels have no databases; write `.database(..)` instead"));
            }
            nodes.push(info);
        }
        let Some(first) = nodes.first() else {
            return Err(wrong("sentinel: there are no Sentinels; name all of them"));
        };
        if master.is_empty() {
            return Err(wrong(
                "sentinel: the master has no name; write the one that the Sentinels know it by",
            ));
        }
        // As the first Sentinel is talked to, but for the login; the address is found later.
        let blank = RedisConnectionInfo::default()
            .set_protocol(first.redis_settings().protocol())
            .set_skip_set_lib_name();
        let info = match first.addr() {
            ConnectionAddr::Unix(_) => first.clone().set_addr(ConnectionAddr::Tcp(String::new(), 0)),
            _ => first.clone(),
        };
        let info = self.with_login(info.set_redis_settings(blank))?;
        let name = format!("redis {master:?} of the sentinels at {}", places(&nodes));
        Ok((name, Target::Sentinel(Sentinels::new(master.to_owned(), nodes, info))))
    }

    /// With what was set beside the URL.
    fn with_login(&self, info: ConnectionInfo) -> Result<ConnectionInfo, Error> {
        let mut settings = info.redis_settings().clone();
        if let Some(username) = &self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        if let Some(database) = self.database {
            settings = settings.set_db(database);
        }
        if settings.db() < 0 {
            return Err(wrong(&format!("database: {} is no number of a database", settings.db())));
        }
        if settings.username().is_some() && settings.password().is_none() {
            return Err(wrong("username: there is no password to it; write `.password(..)` as well"));
        }
        Ok(info.set_redis_settings(settings))
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self
            .places
            .iter()
            .flat_map(|place| match place {
                Place::Url(url) => std::slice::from_ref(url),
                Place::Cluster(urls) | Place::Sentinel(_, urls) => urls,
            })
            .map(|url| url::without_secrets(url))
            .collect();
        f.debug_struct("RedisBuilder")
            .field("places", &places)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::Setting, message)
}

fn places(nodes: &[ConnectionInfo]) -> String {
    let places: Vec<String> = nodes.iter().map(url::place).collect();
    places.join(", ")
}
