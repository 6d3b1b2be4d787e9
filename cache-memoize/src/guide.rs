//! The guide: pages that go beyond the documentation of single items.
//!
//! First [the tour](tour) and [recipes]; [choosing] a kind of cache. Then the promises: [guarantees] and their [limits],
//! and how [keys] name calls. [Redis in production](redis) and the [entries] there, [testing], and [a backend of your
//! own](own_backend). For those that come from [django-cache-memoize](from_django_cache_memoize), [`cached`](from_cached)
//! or [`moka` by hand](from_moka), tables of names there and here. Last, [how it is checked](how_it_is_checked) and [how
//! fast it is](how_fast_it_is).
//
// The pages are files in `docs/`, which read well in the repository: their links are relative there, and defined at the
// end of each file. `docs/links.md` stands before each page and defines them for rustdoc; of two definitions the first
// counts. The examples of a page with features are tested where these are on, and shown everywhere.

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/tour.md")]
pub mod tour {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/choosing.md")]
pub mod choosing {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/keys.md")]
pub mod keys {}

#[doc = include_str!("../docs/links.md")]
#[cfg_attr(any(not(doctest), feature = "redis"), doc = include_str!("../docs/redis.md"))]
pub mod redis {}

#[doc = include_str!("../docs/links.md")]
#[cfg_attr(any(not(doctest), feature = "redis"), doc = include_str!("../docs/entries.md"))]
pub mod entries {}

#[doc = include_str!("../docs/links.md")]
#[cfg_attr(any(not(doctest), all(feature = "testing", any(feature = "bincode", feature = "json"))), doc = include_str!("../docs/testing.md"))]
pub mod testing {}

#[doc = include_str!("../docs/links.md")]
#[cfg_attr(any(not(doctest), all(feature = "testing", feature = "bincode")), doc = include_str!("../docs/own-backend.md"))]
pub mod own_backend {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/from-django-cache-memoize.md")]
pub mod from_django_cache_memoize {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/from-cached.md")]
pub mod from_cached {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/from-moka.md")]
pub mod from_moka {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/how-it-is-checked.md")]
pub mod how_it_is_checked {}

#[doc = include_str!("../docs/links.md")]
#[doc = include_str!("../docs/how-fast-it-is.md")]
#[doc = "<div id=\"plot\">\n"]
#[doc = include_str!("../docs/how-fast-it-is.svg")]
#[doc = "\n</div>"]
pub mod how_fast_it_is {}

// Examples that are documentation of something else, or of nothing that rustdoc shows: tested here.
#[cfg(doctest)]
#[doc = include_str!("../docs/options.md")]
#[doc = include_str!("../docs/companions.md")]
mod attribute {}

#[cfg(all(doctest, feature = "redis", feature = "json"))]
#[doc = include_str!("../docs/options-shared.md")]
mod attribute_shared {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
