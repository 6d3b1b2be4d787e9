//! A blog that shows related posts: a slow search over real files, cached, and what to do when a post is edited.
//!
//! Run it: `cargo run --example related_posts`, or over a folder of Markdown files of your own, which is only
//! read: `cargo run --example related_posts -- path/to/posts`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io};

mod search;

// With the companions that were generated beside `related_posts`.
use search::*;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (folder, more) = (arguments.next().map(PathBuf::from), arguments.next());
    let outcome = match more {
        None => run(folder),
        Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "expected one folder of posts, or none")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Over the user's folder, or over a copy of the one that ships with this story.
pub(crate) fn run(folder: Option<PathBuf>) -> io::Result<()> {
    match folder {
        Some(folder) => {
            read_twice(&folder)?;
            println!(
                "\nThe part where a post is edited is skipped: this folder is yours. Run without a folder to see it."
            );
        }
        None => {
            let copy = Copy::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("related_posts/posts"))?;
            let posts = read_twice(&copy.0)?;
            edit_one(&copy.0, &posts)?;
        }
    }
    println!("\nrelated_posts: {}", related_posts_stats());
    Ok(())
}

/// Every reader of the blog opens some posts; the second reader of a post finds its list in the cache.
fn read_twice(folder: &Path) -> io::Result<Vec<String>> {
    let mut posts = list_posts(folder)?;
    println!("{} posts in {}", posts.len(), folder.display());
    posts.truncate(12);
    println!("The most related post to each of {}, and the words that say so:\n", posts.len());

    let files_before = FILES_READ.load(Relaxed);
    let began = Instant::now();
    for post in &posts {
        match related_posts(folder, post)?.first() {
            Some(best) => println!("  {post:<34} → {:<34} {}", best.post, best.shared.join(", ")),
            None => println!("  {post:<34} → nothing"),
        }
    }
    let (first, files) = (began.elapsed(), FILES_READ.load(Relaxed) - files_before);

    let began = Instant::now();
    for post in &posts {
        related_posts(folder, post)?;
    }
    let second = began.elapsed();
    assert_eq!(FILES_READ.load(Relaxed) - files_before, files, "hits read no file");

    println!("\nfirst reader   {:>3} misses  {files:>5} files read  {first:>9.1?}", posts.len());
    println!("second reader  {:>3} hits    {:>5} files read  {second:>9.1?}", posts.len(), 0);
    Ok(posts)
}

/// What an edit on disk asks of the cache.
fn edit_one(folder: &Path, posts: &[String]) -> io::Result<()> {
    let post = "rain-on-the-roof.md";
    let all_lists =
        || -> io::Result<Vec<_>> { posts.iter().map(|post| related_posts(folder, post)).collect() };
    let before: Vec<Vec<Related>> = all_lists()?;
    let path = folder.join(post);
    fs::write(&path, fs::read_to_string(&path)? + ADDED)?;
    println!("\nNow somebody adds a paragraph about bread to {post}.\n");

    // Nobody told the cache: it still answers for the old text, and would until the ten minutes are over.
    let (stale, took) = timed(|| related_posts(folder, post))?;
    println!("without invalidation, {took:.1?}: the old answer");
    print(post, &stale);

    // Told, it searches again.
    assert!(related_posts_invalidate(folder, post));
    let (fresh, took) = timed(|| related_posts(folder, post))?;
    println!("related_posts_invalidate(folder, {post:?}), {took:.1?}: the fresh answer");
    print(post, &fresh);
    assert_ne!(stale, fresh);

    // But the text of one post takes part in the lists of all the others: there the honest scope is everything.
    related_posts_invalidate_all();
    let (after, took) = timed(all_lists)?;
    let differ = |before: &[Related], after: &[Related]| {
        before.len() != after.len() || before.iter().zip(after).any(|(one, two)| one.post != two.post)
    };
    let others: Vec<&str> = (posts.iter().zip(before.iter().zip(&after)))
        .filter(|(name, (before, after))| *name != post && differ(before, after))
        .map(|(name, _)| name.as_str())
        .collect();
    println!("related_posts_invalidate_all(), {took:.1?} for all lists; these changed as well:");
    println!("  {}", others.join(", "));
    assert!(!others.is_empty());

    let stats = related_posts_stats();
    let count = posts.len() as u64;
    assert_eq!((stats.misses, stats.hits), (2 * count + 1, 2 * count + 1));
    Ok(())
}

const ADDED: &str = "
While it rains I bake. The sourdough starter from my neighbour wakes up in the warm kitchen, the dough rests, the
oven is hot, and a loaf of bread comes out of it with a crust that sings louder than the roof.
";

fn print(post: &str, list: &[Related]) {
    println!("  {post}");
    for Related { post, score, shared } in list {
        println!("    {score:.2}  {post:<34} {}", shared.join(", "));
    }
}

fn timed<T>(search: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Duration)> {
    let began = Instant::now();
    Ok((search()?, began.elapsed()))
}

/// A copy of a folder to edit, gone when dropped.
struct Copy(PathBuf);

impl Copy {
    fn of(folder: &Path) -> io::Result<Self> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let path = env::temp_dir().join(format!("related-posts-{}-{now}", std::process::id()));
        fs::create_dir(&path)?;
        let copy = Self(path);
        for post in list_posts(folder)? {
            fs::copy(folder.join(&post), copy.0.join(&post))?;
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Left behind at worst: the folder of temporary files is cleaned by the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}
