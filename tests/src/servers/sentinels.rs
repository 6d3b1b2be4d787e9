//! A master with replicas, watched by sentinels.

use std::collections::BTreeMap;

use super::replication::is_in_sync;
use super::{RedisServer, Value, wait_for};

/// A master, its replicas and their sentinels. Servers are named by their index, the first master is 0; a
/// failover changes roles, not indices.
pub struct Sentinels {
    servers: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl Sentinels {
    /// What the sentinels call the master.
    pub const NAME: &'static str = "main";

    /// One master, so many replicas, and so many sentinels, of which a majority must agree. They take a
    /// server for dead after a second. All know each other when this returns.
    ///
    /// # Panics
    /// When a server does not start, or they do not find each other.
    pub fn start(replicas: usize, sentinels: usize) -> Self {
        // By default a master waits five seconds for more replicas.
        let settings = ["--repl-diskless-sync-delay", "0"];
        let servers: Vec<_> = (0..=replicas).map(|_| RedisServer::start_with(&settings)).collect();
        let port = servers[0].port().to_string();
        for replica in &servers[1..] {
            replica.command(&["REPLICAOF", "127.0.0.1", &port]).expect("REPLICAOF");
        }
        let configuration = format!(
            "sentinel monitor {name} 127.0.0.1 {port} {majority}\n\
             sentinel down-after-milliseconds {name} 1000\n\
             sentinel failover-timeout {name} 5000\n",
            name = Self::NAME,
            majority = sentinels / 2 + 1,
        );
        let sentinels = (0..sentinels).map(|_| RedisServer::sentinel(&configuration)).collect();
        let all = Self { servers, sentinels };
        all.wait_until_healthy();
        all
    }

    /// The servers that hold data.
    pub fn servers(&self) -> &[RedisServer] {
        &self.servers
    }

    /// One of them, to be killed, stopped and asked.
    ///
    /// # Panics
    /// When there is no such server.
    pub fn server(&self, index: usize) -> &RedisServer {
        &self.servers[index]
    }

    /// The sentinels, which can be killed and stopped, too.
    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    /// The URLs of the sentinels.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(RedisServer::url).collect()
    }

    /// The master, once all sentinels that are up agree.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub fn master(&self) -> usize {
        wait_for("one master", || self.agreed_master())
    }

    /// Its port.
    ///
    /// # Panics
    /// When the sentinels do not agree within a minute.
    pub fn master_port(&self) -> u16 {
        self.servers[self.master()].port()
    }

    /// Has the sentinels replace the master, which stays up, and returns the new one. The old one still
    /// takes itself for a master for a while: up to eleven seconds.
    ///
    /// # Panics
    /// When they refuse, or it takes more than a minute.
    pub fn failover(&self) -> usize {
        let old = self.master();
        let sentinel =
            self.sentinels.iter().find(|sentinel| sentinel.is_up()).expect("a sentinel that is up");
        // A sentinel without a replica in good shape refuses, and finds out about its shape only now and
        // then.
        wait_for("a failover", || {
            let answer = sentinel.command(&["SENTINEL", "FAILOVER", Self::NAME]);
            answer.error().map_or(Ok(()), |why| Err(why.to_owned()))
        });
        self.wait_for_failover(old)
    }

    /// Waits until all sentinels that are up name a master other than `old`, which takes writes, and returns
    /// it.
    ///
    /// # Panics
    /// When it does not come to that within a minute.
    pub fn wait_for_failover(&self, old: usize) -> usize {
        wait_for("a new master", || match self.agreed_master()? {
            master if master == old => Err(format!("server {old} is still the master")),
            master => match self.servers[master].info("role").as_str() {
                "master" => Ok(master),
                role => Err(format!("server {master} is a {role}")),
            },
        })
    }

    /// Waits until everybody who is up knows everybody and all replicas of a master that is up are in sync.
    ///
    /// # Panics
    /// When it does not come to that within a minute.
    pub fn wait_until_healthy(&self) {
        wait_for("healthy sentinels", || {
            self.agreed_master()?;
            let up: Vec<_> = self.servers.iter().filter(|server| server.is_up()).collect();
            for server in &up {
                is_in_sync(server, |port| up.iter().any(|other| other.port() == port))?;
            }
            for sentinel in self.up() {
                self.knows_all(sentinel)?;
            }
            Ok::<_, String>(())
        });
    }

    fn knows_all(&self, sentinel: &RedisServer) -> Result<(), String> {
        let ask = |what: &str| sentinel.query(&["SENTINEL", what, Self::NAME]);
        let master = fields(&ask("MASTER"));
        let expected = [
            ("flags", "master".to_owned()),
            ("num-slaves", (self.servers.len() - 1).to_string()),
            ("num-other-sentinels", (self.sentinels.len() - 1).to_string()),
        ];
        if let Some((name, value)) = expected.iter().find(|(name, value)| master.get(*name) != Some(value)) {
            return Err(format!("{name} is not {value}: {master:?}"));
        }
        let replicas = ask("REPLICAS");
        let in_sync =
            |replica: &Value| fields(replica).get("master-link-status").is_some_and(|status| status == "ok");
        if replicas.items().iter().all(in_sync) { Ok(()) } else { Err(format!("{replicas:?}")) }
    }

    fn up(&self) -> impl Iterator<Item = &RedisServer> {
        self.sentinels.iter().filter(|sentinel| sentinel.is_up())
    }

    fn agreed_master(&self) -> Result<usize, String> {
        let mut views = self.up().map(|sentinel| {
            let address = sentinel.query(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME]);
            u16::try_from(address.items()[1].int()).expect("a port")
        });
        let port = views.next().ok_or("no sentinel is up")?;
        match views.find(|view| *view != port) {
            Some(other) => Err(format!("port {port} or {other}")),
            None => {
                let index = self.servers.iter().position(|server| server.port() == port);
                index.ok_or_else(|| format!("port {port} is none of ours"))
            }
        }
    }
}

/// Names and values in turn.
fn fields(flat: &Value) -> BTreeMap<String, String> {
    flat.items().chunks_exact(2).map(|pair| (pair[0].text(), pair[1].text())).collect()
}
