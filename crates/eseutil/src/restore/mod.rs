//! `/c` and the `restore` family: what `Restore.env` says, hard recovery of a folder that has one, whole restores from backup sets,
//! and the "Restore in Progress" record (spec 07 §14, §15; spec 10 §8).
//!
//! | module | what it is |
//! |---|---|
//! | [`show`] | `/cm`: `Restore.env` as text and JSON |
//! | [`pending`] | the record: shown, written, carried out |

pub mod pending;
pub mod show;
