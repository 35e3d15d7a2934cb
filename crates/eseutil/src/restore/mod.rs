//! `/c` and the `restore` family: what `Restore.env` says, hard recovery of a folder that has one, whole restores from backup sets,
//! and the "Restore in Progress" record (spec 07 §14, §15; spec 10 §8).
//!
//! | module | what it is |
//! |---|---|
//! | [`show`] | `/cm`: `Restore.env` as text and JSON |
//! | [`run`] | `/cc`: hard recovery of a folder, from checks to clean-up |
//! | `decision` | which logs behind a set are replayed: the table of spec 07 §14.5 |
//! | `recovery` | the engine's hard recovery, with a bar |
//! | `stream` | sets that come as a stream, unpacked for as long as they are read |
//! | `clean_up` | what goes from the folder afterwards |
//! | [`sets`] | `restore`: from backup sets to databases |
//! | [`pending`] | the record: shown, written, carried out |
//!
//! Invariants: a folder is looked at as a whole before anything in it or outside is changed; what it loses, it loses after
//! success, and only files that a restore puts there.

mod clean_up;
mod decision;
pub mod pending;
mod recovery;
pub mod run;
pub mod sets;
pub mod show;
mod stream;
