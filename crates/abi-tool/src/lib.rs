//! Writes what the C face of libesent shows the world from the code itself: `include/esent.h` and `COMPAT.md`.
//!
//! `cargo run -p abi-tool` writes both; `cargo run -p abi-tool -- --check` and this package's tests fail when a committed
//! one is not what the code gives. Declarations of types and functions come from cbindgen ([`declarations`]); what Rust
//! cannot say (JET_VERSION, the A/W macros, tags, unnamed unions, bit-fields) comes from the tables of `esent::abi` and
//! is woven in by [`header`].

#![forbid(unsafe_code)]

pub mod constants;
pub mod declarations;
pub mod header;

use std::path::{Path, PathBuf};

use anyhow::Result;

/// The root of the project's sources.
#[must_use]
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

/// Every generated file: its path below the project's root and what it must hold.
///
/// # Errors
/// When the sources cannot be read or cbindgen cannot make sense of them.
pub fn generated_files() -> Result<Vec<(&'static str, String)>> {
    let declarations = declarations::Declarations::read(&project_root())?;
    Ok(vec![
        ("include/esent.h", header::header(&declarations, header::Audience::Programs)?),
        ("COMPAT.md", esent::compat::markdown()),
    ])
}
