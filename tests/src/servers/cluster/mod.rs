//! A Redis Cluster of several servers, whose nodes die and whose slots move.

use super::replication::is_in_sync;
use super::{RedisServer, Value, wait_for};

mod moving;

pub use moving::MovingSlot;

const SLOTS: usize = 16384;

/// Masters and replicas, on ports of the loopback interface. Nodes are named by their index: masters first,
/// then the replicas of the first master, of the second, and so on. A failover changes roles, not indices.
///
/// Starting one takes about three seconds: a fresh node refuses to serve for two.
pub struct Cluster {
    nodes: Vec<RedisServer>,
    /// As nodes name each other.
    ids: Vec<String>,
}

impl Cluster {
    /// So many masters, each with so many replicas. The slots are dealt evenly and in order. Everything is
    /// in sync and serves when this returns.
    ///
    /// # Panics
    /// When a server does not start, or the cluster does not come about.
    pub fn start(masters: usize, replicas: usize) -> Self {
        Self::start_with(masters, replicas, &[])
    }

    /// The same with more settings for every node.
    ///
    /// # Panics
    /// When a server does not start, or the cluster does not come about.
    pub fn start_with(masters: usize, replicas: usize, settings: &[&str]) -> Self {
        let mut all = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
        // A replica that is not in sync is not elected; by default a master waits five seconds for more
        // replicas.
        all.extend(["--repl-diskless-sync-delay", "0"]);
        all.extend(settings);
        let nodes: Vec<_> = (0..masters * (1 + replicas)).map(|_| RedisServer::start_with(&all)).collect();
        let ids = nodes.iter().map(|node| node.command(&["CLUSTER", "MYID"]).text()).collect();
        let cluster = Self { nodes, ids };
        cluster.introduce();
        cluster.deal_slots(masters);
        cluster.wait_for_all("nodes that know each other", |node| cluster.knows_all(node));
        for replica in masters..cluster.nodes.len() {
            let master = (replica - masters) / replicas;
            cluster.run(replica, &["CLUSTER", "REPLICATE", &cluster.ids[master]]);
        }
        cluster.wait_until_healthy();
        cluster
    }

    /// Everybody meets everybody: gossip alone would take longer.
    fn introduce(&self) {
        for (index, node) in self.nodes.iter().enumerate() {
            // Distinct from the start, or nodes would quarrel about whose epoch it is.
            self.run(index, &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            for other in &self.nodes[..index] {
                let port = other.port().to_string();
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &port]).expect("CLUSTER MEET");
            }
        }
    }

    fn deal_slots(&self, masters: usize) {
        for master in 0..masters {
            let slots = SLOTS * master / masters..SLOTS * (master + 1) / masters;
            let words = ["CLUSTER".to_owned(), "ADDSLOTS".to_owned()];
            let words: Vec<_> = words.into_iter().chain(slots.map(|slot| slot.to_string())).collect();
            self.nodes[master].command(&words).expect("CLUSTER ADDSLOTS");
        }
    }

    /// All nodes.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// One of them, to be killed, stopped and asked. What it does not own it answers with `MOVED`.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn node(&self, index: usize) -> &RedisServer {
        &self.nodes[index]
    }

    /// The URLs of all nodes.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// The slot of a key.
    ///
    /// # Panics
    /// When no node is up.
    pub fn slot_of(&self, key: &str) -> u16 {
        let (index, _) = self.up().next().expect("a node that is up");
        u16::try_from(self.run(index, &["CLUSTER", "KEYSLOT", key]).int()).expect("a slot")
    }

    /// The master of a key, once all nodes that are up agree.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub fn owner_of(&self, key: &str) -> usize {
        self.owner_of_slot(self.slot_of(key))
    }

    /// The master of a slot, once all nodes that are up agree.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub fn owner_of_slot(&self, slot: u16) -> usize {
        wait_for("one owner", || self.agreed_owner(slot))
    }

    /// The nodes that replicate that one, in the view of those that are up.
    ///
    /// # Panics
    /// When no node is up.
    pub fn replicas_of(&self, master: usize) -> Vec<usize> {
        let (observer, _) = self.up().next().expect("a node that is up");
        let nodes = self.run(observer, &["CLUSTER", "NODES"]).text();
        // "id address flags master …"
        let is_replica = |line: &&str| line.split(' ').nth(3) == Some(&self.ids[master]);
        let replicas = nodes.lines().filter(is_replica).filter_map(|line| line.split(' ').next());
        replicas.filter_map(|id| self.ids.iter().position(|other| other == id)).collect()
    }

    /// A key of that master; another one for each number.
    ///
    /// # Panics
    /// When it owns nothing.
    pub fn key_of(&self, master: usize, number: usize) -> String {
        let owned = (0..1000).map(|attempt| format!("key-{number}-{attempt}"));
        owned.into_iter().find(|key| self.owner_of(key) == master).expect("one of a thousand keys")
    }

    /// Waits until every node that is up serves all slots, agrees on who owns them, and is in sync if it
    /// replicates a master that is up.
    ///
    /// # Panics
    /// When it does not come to that within a minute.
    pub fn wait_until_healthy(&self) {
        self.wait_for_all("a healthy cluster", |node| self.is_healthy(node));
        wait_for("nodes that agree", || self.agreed_owners());
    }

    /// Waits until somebody other than `old` owns the key and the cluster serves again, and returns who.
    ///
    /// # Panics
    /// When it does not come to that within a minute.
    pub fn wait_for_failover(&self, key: &str, old: usize) -> usize {
        let slot = self.slot_of(key);
        let new = wait_for("a new owner", || match self.agreed_owner(slot)? {
            owner if owner == old => Err(format!("node {old} is still the owner")),
            owner => Ok(owner),
        });
        self.wait_for_all("a cluster that serves", |node| self.serves(node));
        new
    }

    /// Has a replica take over from that master, which stays up, and returns which.
    ///
    /// # Panics
    /// When it has no replica, or the failover does not succeed within a minute.
    pub fn fail_over(&self, master: usize) -> usize {
        let replica = *self.replicas_of(master).first().expect("a master with a replica");
        self.run(replica, &["CLUSTER", "FAILOVER"]);
        wait_for("a replica that takes over", || match self.nodes[replica].info("role").as_str() {
            "master" => Ok(()),
            role => Err(role.to_owned()),
        });
        self.wait_until_healthy();
        replica
    }

    /// Begins to move a slot to another master: from now on the old one answers `ASK` for keys that it does
    /// not have.
    ///
    /// # Panics
    /// When the slot is on its way already, or `to` owns it.
    pub fn begin_move(&self, slot: u16, to: usize) -> MovingSlot<'_> {
        MovingSlot::begin(self, slot, to)
    }

    fn run<A: AsRef<[u8]>>(&self, index: usize, words: &[A]) -> Value {
        let name = String::from_utf8_lossy(words[1].as_ref()).into_owned();
        self.nodes[index].command(words).expect(&format!("node {index}, {name}"))
    }

    fn up(&self) -> impl Iterator<Item = (usize, &RedisServer)> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.is_up())
    }

    fn wait_for_all(&self, what: &str, holds: impl Fn(&RedisServer) -> Result<(), String>) {
        wait_for(what, || {
            self.up().try_for_each(|(index, node)| holds(node).map_err(|why| format!("node {index}: {why}")))
        });
    }

    /// Handshakes are over, and everybody's slots are known.
    fn knows_all(&self, node: &RedisServer) -> Result<(), String> {
        let nodes = node.query(&["CLUSTER", "NODES"]).text();
        let knows =
            |id: &String| nodes.lines().any(|line| line.starts_with(id) && !line.contains("handshake"));
        if self.ids.iter().all(knows) { Ok(()) } else { Err(nodes) }
    }

    fn serves(&self, node: &RedisServer) -> Result<(), String> {
        let info = node.query(&["CLUSTER", "INFO"]).text();
        let fine = ["cluster_state:ok", "cluster_slots_ok:16384"];
        if fine.iter().all(|line| info.lines().any(|other| other == *line)) { Ok(()) } else { Err(info) }
    }

    fn is_healthy(&self, node: &RedisServer) -> Result<(), String> {
        self.serves(node)?;
        self.knows_all(node)?;
        is_in_sync(node, |port| self.up().any(|(_, other)| other.port() == port))
    }

    fn agreed_owner(&self, slot: u16) -> Result<usize, String> {
        let owners = self.agreed_owners()?;
        let range = owners.iter().find(|(first, last, _)| (*first..=*last).contains(&i64::from(slot)));
        range.map(|(_, _, owner)| *owner).ok_or_else(|| format!("slot {slot} has no owner"))
    }

    fn agreed_owners(&self) -> Result<Vec<(i64, i64, usize)>, String> {
        let mut views = self.up().map(|(index, node)| (index, self.owners_seen_by(node)));
        let (first, owners) = views.next().ok_or("no node is up")?;
        match views.find(|(_, view)| *view != owners) {
            Some((other, view)) => {
                Err(format!("node {first} sees {owners:?}, and node {other} sees {view:?}"))
            }
            None => Ok(owners),
        }
    }

    /// First slot, last slot and master.
    fn owners_seen_by(&self, node: &RedisServer) -> Vec<(i64, i64, usize)> {
        // Each: first slot, last slot, the master as address, port and id, the replicas.
        let ranges = node.query(&["CLUSTER", "SLOTS"]);
        let ranges = ranges.items().iter().map(Value::items);
        let index = |port: i64| self.nodes.iter().position(|node| i64::from(node.port()) == port);
        let ranges = ranges
            .filter_map(|range| Some((range[0].int(), range[1].int(), index(range[2].items()[1].int())?)));
        let mut owners: Vec<_> = ranges.collect();
        owners.sort_unstable();
        owners
    }
}
