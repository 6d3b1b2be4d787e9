//! A slot on its way from one master to another, step by step.

use super::Cluster;
use crate::servers::wait_for;

/// A slot between two masters. Dropped without [`finish`](Self::finish), it stays there.
pub struct MovingSlot<'a> {
    cluster: &'a Cluster,
    slot: String,
    from: usize,
    to: usize,
}

impl<'a> MovingSlot<'a> {
    pub(super) fn begin(cluster: &'a Cluster, slot: u16, to: usize) -> Self {
        let from = cluster.owner_of_slot(slot);
        assert_ne!(from, to, "slot {slot} is on node {to} already");
        let moving = Self { cluster, slot: slot.to_string(), from, to };
        // In this order nobody is sent to a node that does not expect the slot.
        moving.set(to, "IMPORTING", from);
        moving.set(from, "MIGRATING", to);
        moving
    }

    /// The master that still owns it.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Moves the keys that are there now. Afterwards the old master answers `ASK` for them.
    ///
    /// # Panics
    /// When a node refuses.
    pub fn move_keys(&self) {
        let port = self.cluster.nodes[self.to].port().to_string();
        loop {
            let keys = self.cluster.run(self.from, &["CLUSTER", "GETKEYSINSLOT", &self.slot, "100"]);
            let keys: Vec<_> = keys.items().iter().map(|key| key.bytes().to_vec()).collect();
            if keys.is_empty() {
                return;
            }
            let head = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "REPLACE", "KEYS"];
            let head = head.iter().map(|word| word.as_bytes().to_vec());
            self.cluster.run(self.from, &head.chain(keys).collect::<Vec<_>>());
        }
    }

    /// Moves what is left, makes the new master the owner, and waits until every node knows.
    ///
    /// # Panics
    /// When a node refuses.
    pub fn finish(self) {
        self.move_keys();
        // The new owner first: in between both know where to go.
        let others = (0..self.cluster.nodes.len()).filter(|index| ![self.to, self.from].contains(index));
        for index in [self.to, self.from].into_iter().chain(others) {
            let node = &self.cluster.nodes[index];
            if node.is_up() && node.info("role") == "master" {
                self.set(index, "NODE", self.to);
            }
        }
        let slot = self.slot.parse().expect("made from a number");
        wait_for("everybody to know the new owner", || match self.cluster.agreed_owner(slot)? {
            owner if owner == self.to => Ok(()),
            owner => Err(format!("node {owner}")),
        });
    }

    fn set(&self, node: usize, what: &str, other: usize) {
        self.cluster.run(node, &["CLUSTER", "SETSLOT", &self.slot, what, &self.cluster.ids[other]]);
    }
}
