//! Whether replicas have what their master has.

use std::collections::BTreeMap;

use super::{RedisServer, wait_for};

/// A text of names and values.
type Fields = BTreeMap<String, String>;

impl RedisServer {
    /// Waits until all its replicas have everything that it has now. There must be at least one.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub fn wait_until_replicated(&self) {
        let now = offset(&fields(self), "master_repl_offset");
        wait_for("replicas that have everything", || {
            let fields = fields(self);
            let replicas = replicas(&fields);
            let has_all = |replica: &Fields| replica["state"] == "online" && offset(replica, "offset") >= now;
            if !replicas.is_empty() && replicas.iter().all(has_all) { Ok(()) } else { Err(fields) }
        });
    }
}

/// Whether replication works, in the view of that server: towards its replicas, and from its master if somebody
/// is up on the master's port.
pub(super) fn is_in_sync(server: &RedisServer, is_up: impl Fn(u16) -> bool) -> Result<(), String> {
    let fields = fields(server);
    let master = fields.get("master_port").and_then(|port| port.parse().ok());
    let from_master = !master.is_some_and(is_up) || fields["master_link_status"] == "up";
    let to_replicas = replicas(&fields).iter().all(|replica| replica["state"] == "online");
    if from_master && to_replicas { Ok(()) } else { Err(format!("{fields:?}")) }
}

fn fields(server: &RedisServer) -> Fields {
    let info = server.query(&["INFO", "replication"]).text();
    owned(info.lines().filter_map(|line| line.split_once(':')))
}

fn owned<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Fields {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// From `slave0:ip=127.0.0.1,port=10001,state=online,offset=14,lag=0`.
fn replicas(fields: &Fields) -> Vec<Fields> {
    let replicas = fields.values().filter(|value| value.starts_with("ip=") && value.contains(",state="));
    replicas.map(|value| owned(value.split(',').filter_map(|pair| pair.split_once('=')))).collect()
}

fn offset(fields: &Fields, name: &str) -> i64 {
    fields[name].parse().expect("an offset")
}
