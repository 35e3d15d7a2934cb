//! Says in plain words where libesent is not built, before the compiler says it in others.
//!
//! The header is not written here: it is committed, and `cargo run -p abi-tool` makes it anew (`make header`).

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("POINTER_WIDTH") != "64" {
        println!(
            "cargo::error=libesent is built for 64-bit targets: the C layouts it asserts are those of x86-64 and their like"
        );
    }
    if target("ENDIAN") != "little" {
        println!(
            "cargo::error=libesent is built for little-endian targets: callers and files hold numbers in that order"
        );
    }
}
