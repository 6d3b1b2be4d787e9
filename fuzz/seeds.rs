//! Writes inputs to begin with into the folder given: for the targets named `codecs` and `envelope`, what the codecs
//! write themselves. Those of the others are kept in `seeds/`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (Some(target), Some(folder)) = (args.next(), args.next()) else {
        panic!("usage: seeds <target> <folder>");
    };
    if target != "codecs" && target != "envelope" {
        return Ok(());
    }
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    for (number, seed) in cache_memoize::fuzzing::seeds().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}
