//! The slow search: which posts of a folder share the most telling words with one of them.
//!
//! Every search reads every post, for the weight of a word depends on all of them. That is honest work with no
//! index, no database and no sleeping in it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{fs, io};

use cache_memoize::cache_memoize;

/// How many files have been opened, to show what a hit saves.
pub(crate) static FILES_READ: AtomicU64 = AtomicU64::new(0);

/// A post that is about similar things.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Related {
    pub(crate) post: String,
    /// From 0, nothing in common, to 1, the same words.
    pub(crate) score: f64,
    /// The words that brought it here, the most telling first.
    pub(crate) shared: Vec<String>,
}

/// The three posts most related to `post`, best first.
///
/// The key is the folder and the name; a lookup copies neither. An `Err` is not stored, so a search that failed
/// because a file was missing works as soon as the file is back.
#[cache_memoize(ttl = "10m", capacity = 1000)]
pub(crate) fn related_posts(folder: &Path, post: &str) -> io::Result<Vec<Related>> {
    let words = read_all(folder)?;
    let Some(own) = words.get(post) else {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("no post {post} in {}", folder.display()),
        ));
    };

    // A word in every post says nothing, a word in few says much: its weight is ln(posts / posts that have it).
    let mut posts_with: HashMap<&str, f64> = HashMap::new();
    for word in words.values().flat_map(BTreeMap::keys) {
        *posts_with.entry(word).or_default() += 1.0;
    }
    let weight = |word: &str, count: f64| count.sqrt() * (words.len() as f64 / posts_with[word]).ln();
    let length = |of: &Words| of.iter().map(|(word, &count)| weight(word, count).powi(2)).sum::<f64>().sqrt();

    let mut related: Vec<Related> = Vec::new();
    for (other, theirs) in words.iter().filter(|(other, _)| *other != post) {
        let mut shared: Vec<(f64, &String)> = own
            .iter()
            .filter_map(|(word, &count)| Some((weight(word, count) * weight(word, *theirs.get(word)?), word)))
            .filter(|(telling, _)| *telling > 0.0)
            .collect();
        if shared.is_empty() {
            continue;
        }
        shared.sort_by(|a, b| b.0.total_cmp(&a.0));
        let score = shared.iter().map(|(telling, _)| telling).sum::<f64>() / (length(own) * length(theirs));
        let shared = shared.into_iter().take(4).map(|(_, word)| word.clone()).collect();
        related.push(Related { post: other.clone(), score, shared });
    }
    related.sort_by(|a, b| b.score.total_cmp(&a.score));
    related.truncate(3);
    Ok(related)
}

/// The posts of a folder: its `.md` files, by name.
pub(crate) fn list_posts(folder: &Path) -> io::Result<Vec<String>> {
    let cannot = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot read the folder {}: {error}", folder.display()))
    };
    let mut posts = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|extension| extension == "md")
            && path.is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            posts.push(name.to_owned());
        }
    }
    if posts.is_empty() {
        let message = format!("no posts in {}: expected Markdown files, *.md", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    posts.sort();
    Ok(posts)
}

/// The words of one post, and how much it makes of each.
type Words = BTreeMap<String, f64>;

fn read_all(folder: &Path) -> io::Result<BTreeMap<String, Words>> {
    list_posts(folder)?.into_iter().map(|post| Ok((post.clone(), read(&folder.join(post))?))).collect()
}

fn read(path: &Path) -> io::Result<Words> {
    FILES_READ.fetch_add(1, Relaxed);
    let bytes = fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))?;
    let stop_words: HashSet<&str> = STOP_WORDS.split_whitespace().collect();
    let mut words = Words::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        // A title is what the post is about.
        let times = if line.starts_with("# ") { 3.0 } else { 1.0 };
        for word in line.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase) {
            if word.chars().count() > 2 && !stop_words.contains(word.as_str()) {
                *words.entry(singular(word)).or_default() += times;
            }
        }
    }
    Ok(words)
}

/// Just enough grammar to see that birds are related to a bird.
fn singular(word: String) -> String {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word,
    }
}

const STOP_WORDS: &str = "
    about above after again all along also although always and another any are around away back because been
    before began being below beside best better between both bring brought but came can carry come comes costs
    could did does done down each eight eleven else enough even ever every everybody everyone everything few find
    first five for forget forty four fourteen from gets give goes gone good had half has have hear heard her here
    him his home hour hours how into its itself just keep kept know knew last later lay least leave left less let
    like little look loved made make makes matter matters may mean means meant mine minute minutes more most much
    must need never new next nine nobody nor not nothing now number off often old older once one only other others
    ought our out over own people place put rather read said same say says see seen sees she should side since six
    smiled some somebody something still stop such take takes tell tells ten than that the their them then there
    these they thing things thirty this those though three through time times told too took turn twenty two under
    until upon used very visit wait want wants was way week went were what whatever when where which while who
    whoever whole whom whose why will with without would year years yes yet you your
";
