#![no_main]

#[path = "../../crates/ese-format/tests/fuzz_entries/mod.rs"]
mod fuzz_entries;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_entries::run("database_header", input));
