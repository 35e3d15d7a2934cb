//! `abi-tool`: write the generated files, or with `--check` say which are stale.

#![forbid(unsafe_code)]

use std::fs;
use std::process::ExitCode;

use abi_tool::{generated_files, project_root};
use anyhow::{Context, Result, bail};

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let check = match arguments.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("unknown argument {other}; usage: abi-tool [--check]"),
    };
    let mut stale = false;
    for (name, text) in generated_files()? {
        let path = project_root().join(name);
        if fs::read_to_string(&path).is_ok_and(|committed| committed == text) {
            println!("{name}: current");
        } else if check {
            println!("{name}: stale, run `cargo run -p abi-tool`");
            stale = true;
        } else {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            }
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            println!("{name}: written");
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
