//! The C face of libesent: the JET API over `ese-engine`.
//!
//! [`abi`] is the interface as types and tables, [`api`] the exported functions, [`runtime`] what stands behind the handles. This crate is the only place of the
//! project with `unsafe`, each block with the reason why it is sound.

pub mod abi;
pub mod api;
pub mod compat;
pub mod parameters;
pub mod runtime;
