//! Redo on the level of pages: databases of the original engine and of Windows rebuilt from their logs alone, replayed
//! over what a crash left, and from any mixture of old pages; and records that lie.

mod absurd;
mod flush_order;
mod hostile;
mod memory;
mod rebuild;
mod sets;
