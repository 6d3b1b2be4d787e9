//! How keys are hashed: once for each call, with seeds that nobody outside can know.
//!
//! Arguments may be chosen by an attacker, so what is hashed is seeded with randomness of the operating system, and no
//! hash is ever shown. Beyond that nothing depends on it: keys with the same hash are compared.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

/// The secret of a memory.
pub(crate) struct Secret(RandomState);

/// The secret of one function in it.
#[derive(Clone)]
pub(crate) struct Seed(SeedableRandomState);

impl Secret {
    pub(crate) fn random() -> Self {
        Self(RandomState::new())
    }

    /// The seed for the keys of a function, by its number within the memory.
    pub(crate) fn seed(&self, ident: u64) -> Seed {
        static SHARED: LazyLock<SharedSeed> =
            LazyLock::new(|| SharedSeed::from_u64(RandomState::new().hash_one(0)));
        Seed(SeedableRandomState::with_seed(self.0.hash_one(ident), &SHARED))
    }
}

impl Seed {
    /// The hash of what `feed` feeds to the hasher.
    #[inline]
    pub(crate) fn hash(&self, feed: impl FnOnce(&mut foldhash::quality::FoldHasher<'static>)) -> u64 {
        let mut hasher = self.0.build_hasher();
        feed(&mut hasher);
        hasher.finish()
    }
}

/// A hasher for what is a hash already.
#[derive(Default, Clone, Copy)]
pub(crate) struct HashIsHash(u64);

impl Hasher for HashIsHash {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only hashes are hashed here");
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
