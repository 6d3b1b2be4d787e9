//! What `backend` may name beside a `Memory`: the same forms on a backend that holds text and bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cache_memoize::{Codec, Memory, Shared, backend, cache_memoize, register};
use serde::{Deserialize, Serialize};

use crate::{block_on, ran, row};

static SHARED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(1_000)));

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Post {
    id: u64,
    title: String,
}

fn post(id: u64) -> Post {
    Post { id, title: format!("Title {id}") }
}

#[test]
fn free_function() {
    #[cache_memoize(ttl = 300, backend = SHARED)]
    fn stored(id: u64, name: &str) -> Post {
        ran();
        Post { title: name.to_owned(), ..post(id) }
    }
    row!(stored(7, "a b"), stored(8, "a b"), stored_invalidate(7, "a b").unwrap());
    assert_eq!(stored(7, "a b").title, "a b");
    assert_eq!(stored_peek(7, "a b").unwrap(), Some(stored(7, "a b")));
    stored_set(7, "a b", post(70)).unwrap();
    assert_eq!(stored(7, "a b"), post(70));
    assert_eq!(stored_refresh(7, "a b").unwrap().id, 7);
    assert_eq!(stored(7, "a b").id, 7);
    stored_invalidate_all().unwrap();
    assert_eq!(stored_peek(7, "a b").unwrap(), None);
    let _ = stored_stats();
}

#[test]
fn async_function() {
    #[cache_memoize(backend = SHARED)]
    async fn fetched(id: u64, name: &str) -> Result<Post, std::io::Error> {
        ran();
        tokio::task::yield_now().await;
        Ok(Post { title: name.to_owned(), ..post(id) })
    }
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    block_on(async {
        sent(fetched(1, "x")).await.unwrap();
        assert_eq!(crate::runs(|| ()), 0);
        assert!(sent(fetched_peek(1, "x")).await.unwrap().is_some());
        assert!(sent(fetched_invalidate(1, "x")).await.unwrap());
        sent(fetched_set(1, "x", Ok(post(3)))).await.unwrap();
        assert_eq!(fetched(1, "x").await.unwrap().id, 3);
        assert_eq!(sent(fetched_refresh(1, "x")).await.unwrap().unwrap().id, 1);
        sent(fetched_invalidate_all()).await.unwrap();
        assert!(fetched_peek(1, "x").await.unwrap().is_none());
    });
}

/// What is not `Send` does not live across an `await` of a companion's, on a shared backend as little as in memory.
#[test]
fn async_function_with_an_error_of_one_thread() {
    type Local = std::rc::Rc<str>;

    static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

    #[cache_memoize(backend = SHARED)]
    async fn on_shared(id: u64) -> Result<u64, Local> {
        ran();
        Ok(id)
    }
    #[cache_memoize(backend = MEMORY)]
    async fn in_memory(id: u64) -> Result<u64, Local> {
        ran();
        Ok(id)
    }
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    block_on(async {
        on_shared_set(1, Ok(5)).await.unwrap();
        assert_eq!(sent(on_shared_peek(1)).await.unwrap(), Some(Ok(5)));
        assert_eq!(on_shared(1).await, Ok(5));
        in_memory_set(1, Ok(5)).await.unwrap();
        assert_eq!(sent(in_memory_peek(1)).await.unwrap(), Some(Ok(5)));
        assert_eq!(in_memory(1).await, Ok(5));
    });
}

/// The compiler takes every lifetime in a future for any lifetime.
#[test]
fn async_function_with_static_lifetimes() {
    #[cache_memoize(backend = SHARED)]
    async fn named(id: u64) -> Result<Cow<'static, str>, &'static str> {
        ran();
        if id == 0 { Err("none") } else { Ok(format!("{id}").into()) }
    }
    fn sent<F: Future + Send>(future: F) -> F {
        future
    }
    block_on(async {
        assert_eq!(sent(named(1)).await.unwrap(), "1");
        assert_eq!(sent(named_peek(1)).await.unwrap().unwrap().unwrap(), "1");
        sent(named_set(2, Ok("two".into()))).await.unwrap();
        assert_eq!(sent(named_refresh(2)).await.unwrap().unwrap(), "2");
        assert_eq!(named(0).await, Err("none"));
    });
}

#[test]
fn arguments_that_only_serde_knows() {
    #[derive(Serialize)]
    struct Query<'a> {
        text: &'a str,
        boost: f64,
    }

    #[cache_memoize(backend = SHARED)]
    fn search(query: Query<'_>, filters: &HashMap<String, f32>) -> usize {
        ran();
        query.text.len() + filters.len()
    }
    let filters = HashMap::from([("a".to_owned(), 1.0), ("b".to_owned(), 2.0)]);
    let query = |boost| Query { text: "x", boost };
    row!(
        search(query(1.0), &filters),
        search(query(2.0), &filters),
        search_invalidate(query(1.0), &filters).unwrap()
    );
    let key = search_cache_key(query(1.5), &filters);
    assert!(key.contains("::search~") && key.ends_with(":{text=x,boost=1.5}:map{a=1.0,b=2.0}"), "{key}");
}

/// Whether the backend has an entry under this key, in this group.
fn is_there(key: &str, group: &str) -> bool {
    let key = backend::Key::new(format!("memo:{key}"), backend::Group::in_namespace("memo", group));
    let found =
        block_on(async { SHARED.backend().read(&key, backend::Read::new(), backend::CallMode::ASYNC).await });
    found.unwrap().is_some()
}

/// Removes what is in this group, without asking any function what its group is.
fn remove_all(group: &str) {
    let group = backend::Group::in_namespace("memo", group);
    block_on(async { SHARED.backend().remove_all(&group, backend::CallMode::ASYNC).await }).unwrap();
}

/// `f_cache_key` is what the backend is asked for, whatever a key is made of.
#[test]
fn keys_are_what_cache_key_says() {
    #[cache_memoize(backend = SHARED, extra = pair.1, version = "v 2")]
    fn tuples(pair: (u8, &str), one: &(u8,), (a, b): (u8, (i8, Option<u8>)), unit: ()) -> u8 {
        let _ = (one, unit);
        pair.0 + a + b.1.unwrap_or(0)
    }
    tuples((1, "x y"), &(2,), (3, (-4, Some(5))), ());
    let key = tuples_cache_key((1, "x y"), &(2,), (3, (-4, Some(5))), ());
    let group = key.strip_suffix(":(1,\"x y\"):(2,):(3,(-4,some(5))):();\"x y\"").unwrap().to_owned();
    let path = format!("{}::keys_are_what_cache_key_says::tuples~", module_path!());
    assert!(group.starts_with(&path) && group.ends_with("@\"v 2\""), "{group}");
    assert!(is_there(&key, &group));
    remove_all(&group);
    assert_eq!(tuples_peek((1, "x y"), &(2,), (3, (-4, Some(5))), ()).unwrap(), None);

    #[cache_memoize(backend = SHARED, args_rewrite = |pair, n| (pair.0, n % 10), prefix = "rewritten")]
    fn rewritten(pair: (u8, f32), n: u64) -> u64 {
        let _ = pair;
        n
    }
    rewritten((1, 2.0), 13);
    assert_eq!(rewritten_cache_key((1, 9.0), 3), "rewritten:(1,3)");
    assert!(is_there("rewritten:(1,3)", "rewritten"));
    remove_all("rewritten");
    assert_eq!(rewritten_peek((1, 2.0), 13).unwrap(), None);

    #[cache_memoize(backend = SHARED, key = |id| format!("post;verbatim:{id}"))]
    fn verbatim(id: u64) -> u64 {
        id
    }
    verbatim(3);
    assert_eq!(verbatim_cache_key(3), "post;verbatim:3");
    assert!(is_there("post;verbatim:3", "key"));
    assert!(verbatim_invalidate(3).unwrap());
    verbatim(3);
    remove_all("key");
    assert_eq!(verbatim_peek(3).unwrap(), None);

    #[cache_memoize(backend = SHARED, prefix = "generic", version = 3)]
    fn generic<T: Serialize>(value: T) -> bool {
        drop(value);
        true
    }
    generic(Some(1_u8));
    assert_eq!(generic_cache_key(Some(1_u8)), "generic<core::option::Option<u8>>@3:some(1)");
    assert!(is_there(&generic_cache_key(Some(1_u8)), "generic@3"));
    remove_all("generic@3");
    assert_eq!(generic_peek(Some(1_u8)).unwrap(), None);
}

#[test]
fn what_is_redacted_is_in_no_key() {
    #[cache_memoize(backend = SHARED, redact(token, pair), prefix = "redacting", extra = token.len())]
    fn redacting(token: &str, id: u64, pair: (&str, u8)) -> u64 {
        let _ = (token, pair);
        id
    }
    redacting("secret", 3, ("a", 1));
    // echo -n secret | sha256sum; echo -n '(a,1)' | sha256sum
    let key = "redacting:~2bb80d537b1da3e38bd30361aa855686:3:~cec93a7aabf8c7cdd873b1e1a33ce7bc;6";
    assert_eq!(redacting_cache_key("secret", 3, ("a", 1)), key);
    assert!(is_there(key, "redacting"));
    assert!(redacting_invalidate("secret", 3, ("a", 1)).unwrap());

    static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::default);

    #[cache_memoize(backend = MEMORY, redact(token), prefix = "in_memory")]
    fn in_memory(token: &str) -> usize {
        ran();
        token.len()
    }
    #[cache_memoize(redact(token), prefix = "in_own_memory")]
    fn in_own_memory(token: &str) -> usize {
        ran();
        token.len()
    }
    row!(in_memory("secret"), in_memory("other"), in_memory_invalidate("secret").unwrap());
    row!(in_own_memory("secret"), in_own_memory("other"), in_own_memory_invalidate("secret"));
    assert_eq!(in_memory_cache_key("secret"), "in_memory:~2bb80d537b1da3e38bd30361aa855686");
    assert_eq!(in_own_memory_cache_key("secret"), "in_own_memory:~2bb80d537b1da3e38bd30361aa855686");
}

#[test]
#[cfg(unix)]
fn an_argument_without_a_text_is_not_cached() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    #[cache_memoize(backend = SHARED)]
    fn size(path: &Path) -> usize {
        ran();
        path.as_os_str().len()
    }
    let path = Path::new(OsStr::from_bytes(b"\xff"));
    assert_eq!(crate::runs(|| (size(path), size(path))), 2);
    let error = size_invalidate(path).unwrap_err();
    assert_eq!(error.kind(), cache_memoize::ErrorKind::Codec);
    assert!(size_peek(path).is_err() && size_set(path, 1).is_err());
}

#[test]
fn methods_and_ways_to_a_backend() {
    struct Service {
        own: Shared,
        shared: Arc<Shared>,
        boxed: Box<Shared>,
        memory: Memory,
    }

    impl Service {
        #[cache_memoize(skip(self), backend = self.own)]
        fn own(&self, id: u64) -> Post {
            ran();
            post(id)
        }

        #[cache_memoize(skip(self), backend = &self.shared)]
        fn through_arc(&self, id: u64) -> Post {
            ran();
            post(id)
        }

        #[cache_memoize(skip(self), backend = self.boxed.as_ref())]
        async fn through_box(&self, id: u64) -> Post {
            ran();
            post(id)
        }

        #[cache_memoize(skip(self), backend = self.made())]
        async fn temporary(&self, id: u64) -> Post {
            ran();
            post(id)
        }

        #[cache_memoize(skip(self), backend = self.memory.clone())]
        async fn temporary_memory(&self, id: u64) -> Post {
            ran();
            post(id)
        }

        fn made(&self) -> Shared {
            self.own.clone()
        }
    }
    let service = Service {
        own: Memory::new(10).into(),
        shared: Arc::new(Memory::new(10).into()),
        boxed: Box::new(Memory::new(10).into()),
        memory: Memory::new(10),
    };
    row!(service.own(1), service.own(2), service.own_invalidate(1).unwrap());
    row!(service.through_arc(1), service.through_arc(2), service.through_arc_invalidate(1).unwrap());
    row!(
        block_on(service.through_box(1)),
        block_on(service.through_box(2)),
        block_on(service.through_box_invalidate(1)).unwrap()
    );
    row!(
        block_on(service.temporary(1)),
        block_on(service.temporary(2)),
        block_on(service.temporary_invalidate(1)).unwrap()
    );
    row!(
        block_on(service.temporary_memory(1)),
        block_on(service.temporary_memory(2)),
        block_on(service.temporary_memory_invalidate(1)).unwrap()
    );
    service.own_invalidate_all().unwrap();
    block_on(service.temporary_invalidate_all()).unwrap();
    assert_eq!(block_on(service.temporary_memory_peek(9)).unwrap(), None);
}

#[test]
fn a_backend_in_an_argument() {
    struct Context {
        cache: Shared,
        tenant: String,
    }
    #[cache_memoize(backend = cache, args_rewrite = |context, id| (context.tenant.as_str(), *id))]
    fn of_tenant(Context { cache, tenant }: &Context, id: u64) -> String {
        ran();
        let _ = cache;
        format!("{tenant}/{id}")
    }
    let context = |tenant: &str| Context { cache: SHARED.clone(), tenant: tenant.to_owned() };
    let (one, other) = (context("a"), context("b"));
    row!(of_tenant(&one, 1), of_tenant(&other, 1), of_tenant_invalidate(&one, 1).unwrap());
    of_tenant_invalidate_all(&one).unwrap();
}

#[test]
fn a_registered_name() {
    register("shapes", Memory::new(100));

    #[cache_memoize(ttl = "30m", backend = "shapes")]
    fn session(token: &str) -> Option<Post> {
        ran();
        token.parse().ok().map(post)
    }
    #[cache_memoize(ttl = "30m", cache_alias = "shapes")]
    async fn profile(id: u64) -> Post {
        ran();
        post(id)
    }
    row!(session("1"), session("x"), session_invalidate("1").unwrap());
    row!(block_on(profile(1)), block_on(profile(2)), block_on(profile_invalidate(1)).unwrap());
}

#[test]
fn generic_functions() {
    #[cache_memoize(backend = SHARED, prefix = "generic")]
    fn generic<T: Serialize, R>(value: &T) -> R
    where
        R: From<u8> + Clone + Send + Sync + Serialize + serde::de::DeserializeOwned + 'static,
    {
        let _ = value;
        ran();
        R::from(7)
    }
    row!(generic::<_, u16>(&1_u8), generic::<_, u16>(&2_u8), generic_invalidate::<_, u16>(&1_u8).unwrap());
    assert_eq!(crate::runs(|| generic::<_, u32>(&1_u8)), 1);
    assert_eq!(crate::runs(|| generic::<_, u32>(&1_u8)), 0);
    generic_invalidate_all().unwrap();
    assert_eq!(crate::runs(|| (generic::<_, u32>(&1_u8), generic::<_, u16>(&1_u8))), 2);
}

#[test]
fn options_that_matter_on_a_shared_backend() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Fault {
        Missing,
        Broken,
    }

    #[cache_memoize(backend = SHARED, cache_err = |fault| *fault == Fault::Missing, err_ttl = 5, codec = Codec::Json)]
    fn found(id: u64) -> Result<Post, Fault> {
        ran();
        match id {
            0 => Err(Fault::Missing),
            1 => Err(Fault::Broken),
            _ => Ok(post(id)),
        }
    }
    assert_eq!(crate::runs(|| (found(0), found(0))), 1);
    assert_eq!(crate::runs(|| (found(1), found(1))), 2);
    assert_eq!(crate::runs(|| (found(2), found(2))), 1);
    assert_eq!(found(0), Err(Fault::Missing));
    assert_eq!(found_peek(0).unwrap(), Some(Err(Fault::Missing)));

    static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::Json);

    #[cache_memoize(backend = SHARED, single_flight = "fleet", cache_none = false, codec = CODEC)]
    async fn fleet(id: u64) -> Option<u64> {
        ran();
        (id > 0).then_some(id)
    }
    assert_eq!(crate::runs(|| (block_on(fleet(0)), block_on(fleet(0)))), 2);
    assert_eq!(crate::runs(|| (block_on(fleet(1)), block_on(fleet(1)))), 1);

    #[cache_memoize(backend = SHARED, single_flight = false, cache_if = |map| !map.is_empty())]
    async fn alone(id: u64) -> BTreeMap<u64, Post> {
        ran();
        (0..id).map(|id| (id, post(id))).collect()
    }
    assert_eq!(crate::runs(|| (block_on(alone(0)), block_on(alone(0)))), 2);
    assert_eq!(crate::runs(|| (block_on(alone(1)), block_on(alone(1)))), 1);

    #[cache_memoize(backend = SHARED, store_result = false)]
    fn once(id: u64) -> Result<(), String> {
        ran();
        if id == 0 { Err("no".into()) } else { Ok(()) }
    }
    assert_eq!(crate::runs(|| (once(0), once(0))), 2);
    assert_eq!(crate::runs(|| (once(1), once(1))), 1);

    #[cache_memoize(backend = SHARED, store_result = false)]
    async fn once_async(id: u64) {
        ran();
        let _ = id;
    }
    assert_eq!(crate::runs(|| (block_on(once_async(1)), block_on(once_async(1)))), 1);

    #[cache_memoize(backend = SHARED, on_hit = |id| assert_eq!(*id, 1), on_miss = |id| assert_eq!(*id, 1))]
    async fn watched(id: u64) -> u64 {
        ran();
        id
    }
    assert_eq!(crate::runs(|| (block_on(watched(1)), block_on(watched(1)))), 1);
    assert_eq!(block_on(watched_refresh(1)).unwrap(), 1);
}

/// A function that may be free or associated, and one that is in a trait's `impl`.
#[test]
fn associated_functions() {
    struct Store<T>(std::marker::PhantomData<T>);

    impl<T: Send + Sync + 'static> Store<T> {
        #[cache_memoize(backend = SHARED)]
        fn size(name: &str) -> usize {
            ran();
            size_of::<T>() + name.len()
        }
    }
    row!(Store::<u8>::size("a"), Store::<u16>::size("a"), Store::<u8>::size_invalidate("a").unwrap());
    Store::<u8>::size_invalidate_all().unwrap();
}
