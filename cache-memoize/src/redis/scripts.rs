//! The scripts that run on the server, by their digests.

use std::sync::LazyLock;

/// A script. The server knows it by its digest once it has seen it.
pub(super) struct Script {
    pub(super) digest: String,
    pub(super) text: &'static str,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { digest: ::redis::Script::new(text).get_hash().to_owned(), text }
    }
}

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));)*
    };
}

scripts! {
    BEGIN = "scripts/begin.lua";
    COMMIT = "scripts/commit.lua";
    RELEASE = "scripts/release.lua";
    RENEW = "scripts/renew.lua";
    REMOVE = "scripts/remove.lua";
    EXPIRE = "scripts/expire.lua";
    READ = "scripts/read.lua";
    UNCHANGED = "scripts/unchanged.lua";
    EPOCH = "scripts/epoch.lua";
    MARK = "scripts/mark.lua";
    GENERATION = "scripts/generation.lua";
}
