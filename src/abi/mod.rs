//! The C interface as Rust types: everything `include/esent.h` declares, and what every call needs.
//!
//! [`tables`] holds every constant, type and function signature, generated from the facts; [`structs`] the structures with
//! their layout pinned at compile time. [`guard`] stands around every call, [`handles`] turns the numbers a program holds
//! into objects without ever following them, [`text`] converts between the A and W forms.
//!
//! Names are those of the C header.

#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

pub mod guard;
pub mod handles;
pub(crate) mod locale;
pub mod structs;
pub mod tables;
pub mod text;
