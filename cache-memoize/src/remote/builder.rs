//! Settings of a [`Shared`].

use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use super::health::Health;
use super::renewal::Renewals;
use super::{BACKGROUND, Inner, NAMESPACE, Shared};
use crate::backend::Backend;
use crate::background::Lane;
use crate::codec::{self, Codec};
use crate::flight::MAX_WAIT;
use crate::flight::table::Flights;

/// Settings of a [`Shared`]. Cloning gives the same settings for the same backend.
#[derive(Clone)]
#[must_use = "nothing is made before `build`"]
pub struct SharedBuilder {
    backend: Arc<dyn Backend>,
    codec: Codec,
    namespace: String,
    max_value_size: usize,
    max_decoded_size: Option<usize>,
    lease: Duration,
    max_wait: Duration,
}

impl SharedBuilder {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            codec: Codec::default(),
            namespace: format!("{NAMESPACE}:"),
            max_value_size: 16 << 20,
            max_decoded_size: None,
            lease: Duration::from_secs(10),
            max_wait: MAX_WAIT,
        }
    }

    /// The beginning of all keys, followed by a colon: programs that share a backend are kept apart by it. `memo` by
    /// default; an empty one is none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        if !self.namespace.is_empty() {
            self.namespace.push(':');
        }
        self
    }

    /// How values become bytes.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Larger values, in bytes, are neither stored nor read. 16 MiB by default.
    pub fn max_value_size(mut self, bytes: usize) -> Self {
        self.max_value_size = bytes;
        self
    }

    /// How much memory, in bytes, a value may take when it is read. What would take more is neither stored nor read:
    /// an entry of a byte for each element, which anybody who can write to the backend can make, becomes the whole
    /// width of the element's type for each. Reading holds at most twice as much for a moment, since collections keep
    /// room to grow. That room is a part of what is counted: a `Vec` counts for 7/4 of its elements.
    ///
    /// 256 MiB by default, or sixteen times [`max_value_size`](Self::max_value_size) where that is more.
    pub fn max_decoded_size(mut self, bytes: usize) -> Self {
        self.max_decoded_size = Some(bytes);
        self
    }

    /// How long a computation counts as running after its last sign of life. If a leader crashes, its followers lose up to
    /// this long. 10 s by default; at least 10 ms and at most a day.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(Duration::from_millis(10), Duration::from_secs(24 * 60 * 60));
        self
    }

    /// How long a call waits for another's computation, of this process or with `single_flight = "fleet"` of any, before
    /// one more may begin beside it. 30 s by default; a function's own `max_wait` goes before it.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Makes the cache.
    pub fn build(self) -> Shared {
        // How much memory a value may take is known once all other settings are.
        let max_decoded_size = || codec::max_decoded_size(self.max_value_size);
        Shared(Arc::new(Inner {
            max_decoded_size: self.max_decoded_size.unwrap_or_else(max_decoded_size),
            backend: self.backend,
            codec: self.codec,
            namespace: self.namespace,
            max_value_size: self.max_value_size,
            lease: self.lease,
            max_wait: self.max_wait,
            flights: Flights::default(),
            states: RwLock::default(),
            health: Health::default(),
            renewals: Renewals::default(),
            lane: Lane::new(BACKGROUND),
        }))
    }
}

impl fmt::Debug for SharedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBuilder")
            .field("backend", &self.backend.name())
            .field("codec", &self.codec)
            .field("namespace", &self.namespace)
            .field("max_value_size", &self.max_value_size)
            .field("max_decoded_size", &self.max_decoded_size)
            .field("lease", &self.lease)
            .field("max_wait", &self.max_wait)
            .finish()
    }
}
