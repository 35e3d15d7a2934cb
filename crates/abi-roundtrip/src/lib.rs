//! Nothing to use: the tests of this package read `include/esent.h` back with bindgen and compare what a Rust program
//! would get from it with the Rust sources that the header was made from. Run by `cargo test -p abi-roundtrip --features libclang`.
