//! What the benches share: a generator of databases of any size.

#![forbid(unsafe_code)]

#[cfg(feature = "engines")]
pub mod engines;
pub mod generated;
