//! A safe Extensible Storage Engine.
//!
//! Floors 1 to 7 of the house over the formats of `ese-format`.

#![forbid(unsafe_code)]
