//! `eseutil`: dump, verify, export and recover ESE databases at a terminal.
#![forbid(unsafe_code)]

fn main() {}
