//! Writes inputs to begin with into the folder given, which is the corpus of a target.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("usage: seeds <folder>"));
    std::fs::create_dir_all(&folder)?;
    for (number, seed) in cache_memoize::fuzzing::seeds().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}
