//! Who uses a memory: what each function that names it with `backend = …` needs for its calls, found without a lock.

use std::sync::OnceLock;

use crate::call::Tenant;

/// A list for each of a few hashes, to which is only added.
#[derive(Default)]
pub(crate) struct Tenants([OnceLock<Box<Node>>; 8]);

struct Node {
    /// The address of a [`Instance`](crate::site::Instance), which lives as long as the program.
    instance: usize,
    tenant: Tenant,
    next: OnceLock<Box<Node>>,
}

impl Tenants {
    /// What the instance with that address has here.
    #[inline]
    pub(crate) fn of(&self, instance: usize, make: impl Fn() -> Tenant) -> &Tenant {
        // Addresses of such things are multiples of 16.
        let mut place = &self.0[(instance >> 4) % self.0.len()];
        loop {
            let node =
                place.get_or_init(|| Box::new(Node { instance, tenant: make(), next: OnceLock::new() }));
            if node.instance == instance {
                return &node.tenant;
            }
            place = &node.next;
        }
    }
}
