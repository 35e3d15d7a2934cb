//! The stores that are measured side by side: rows of an 8-byte key and a value of [`VALUE_BYTES`] bytes.

mod libesent;
mod redb;
mod sqlite;

use std::path::Path;

use anyhow::Result;

pub use self::libesent::{DATABASE, Libesent};
pub use self::redb::Redb;
pub use self::sqlite::Sqlite;

/// Bytes of every value.
pub const VALUE_BYTES: usize = 100;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Nothing: it is durable some time later.
    Lazy,
    /// The disk.
    Durable,
}

/// Whether rows are new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// They are.
    Insert,
    /// They replace the rows with their keys.
    Update,
}

/// A store, opened; any thread may have a session.
pub trait Store: Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// A session, for one thread.
    fn session(&self) -> Result<Box<dyn Session + '_>>;
}

/// One thread's way into a store.
pub trait Session {
    /// One transaction that writes the rows with these keys.
    fn write(&mut self, keys: &[u64], write: Write, commit: Commit) -> Result<()>;

    /// The sum of the first bytes of the values of these keys, each of which is there.
    fn read(&mut self, keys: &[u64]) -> Result<u64>;

    /// Rows and the sum of the first bytes of all values, in the order of keys.
    fn scan(&mut self) -> Result<(u64, u64)>;
}

/// Opens a new store in a folder, with a cache of this many bytes.
pub type Create = fn(&Path, usize) -> Result<Box<dyn Store>>;

/// All of them, the one that is measured first.
pub const STORES: [Create; 3] = [Libesent::create, Sqlite::create, Redb::create];

/// The value of a key: its low byte, all over, or the next one after an update: a store that sees that nothing changes
/// would not write.
pub fn value_of(key: u64, write: Write) -> [u8; VALUE_BYTES] {
    let byte = key as u8;
    [if write == Write::Insert { byte } else { byte.wrapping_add(1) }; VALUE_BYTES]
}
