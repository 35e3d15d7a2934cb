//! `sort-tables FOLDER [--check]`: makes the compact sort tables from the figures in FOLDER (`facts/sort`), or says which
//! of the committed ones are stale.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use sort_tables::{generated_files, library_folder};

fn main() -> Result<ExitCode> {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        bail!("usage: sort-tables FOLDER [--check]");
    };
    let check = match arguments.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("unknown argument {other}; usage: sort-tables FOLDER [--check]"),
    };
    let mut stale = false;
    for (name, bytes) in generated_files(&folder)? {
        let path = library_folder().join(name);
        if fs::read(&path).is_ok_and(|committed| committed == bytes) {
            println!("{name}: current, {} bytes", bytes.len());
        } else if check {
            println!("{name}: stale");
            stale = true;
        } else {
            fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
            println!("{name}: written, {} bytes", bytes.len());
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
