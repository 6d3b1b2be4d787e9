//! Where the functions keep their entries, by the words on the command line: settings in milliseconds such as
//! `lease=300`, then the URL of a server, or `cluster` and the URLs of nodes, or `sentinel`, the name of the
//! master and the URLs of sentinels.

use std::sync::LazyLock;
use std::time::Duration;

use cache_memoize::Redis;

pub(crate) static BACKEND: LazyLock<Redis> = LazyLock::new(|| {
    let words: Vec<_> = std::env::args().skip(1).collect();
    // A machine with much to do is no fault; those who want to see a deadline set one.
    let mut builder = Redis::builder().timeout(Duration::from_secs(5));
    let mut place = words.as_slice();
    while let [setting, rest @ ..] = place
        && let Some((name, value)) = setting.split_once('=').filter(|(name, _)| !name.contains(':'))
    {
        let value = Duration::from_millis(value.parse().expect("milliseconds"));
        builder = match name {
            "timeout" => builder.timeout(value),
            "lease" => builder.lease(value),
            "max_wait" => builder.max_wait(value),
            _ => panic!("`{name}` is no setting of this program"),
        };
        place = rest;
    }
    let builder = match place {
        [kind, nodes @ ..] if kind == "cluster" => builder.cluster(nodes),
        [kind, master, sentinels @ ..] if kind == "sentinel" => builder.sentinel(master, sentinels),
        [url] => builder.url(url),
        other => panic!("no backend: {other:?}"),
    };
    builder.build().expect("settings that can work")
});
