//! Transactions and macros (spec 05 §9).
//!
//! ```text
//! Begin                1 u16 procid, 3 u8 levels: low nibble from, high nibble count
//! Begin0, BeginDT      Begin, 4 u32 trxBegin0          Commit0   Commit, 4 u32 trxCommit0
//! Commit, Rollback     1 u16 procid, 3 u8 target level / number of levels
//! MacroBegin/Commit/Abort  1 u16 procid, 3 u64 dbtime of every page of the macro
//! MacroInfo            frame: u32 pgno ...             MacroInfo2  frame: u8 dbid, u32 n, u32 pgno ...
//! ```

use super::layout::{Field, Input, record_layout, stored_bits};
use crate::error::FormatResult;

/// From which level how many levels were begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeginLevels(pub u8);

impl BeginLevels {
    /// `count` levels begun from level `from`; both are at most 15.
    #[must_use]
    pub fn new(from: u8, count: u8) -> Option<Self> {
        (from < 16 && count < 16).then_some(Self(from | count << 4))
    }

    /// Level before the first begin.
    #[must_use]
    pub fn from(self) -> u8 {
        self.0 & 0x0F
    }

    /// Number of begins.
    #[must_use]
    pub fn count(self) -> u8 {
        self.0 >> 4
    }

    /// Level after the last begin.
    #[must_use]
    pub fn to(self) -> u8 {
        self.from() + self.count()
    }
}

impl<'a> Field<'a> for BeginLevels {
    const SIZE: usize = 1;
    fn read(input: &mut Input<'a>, field: &'static str) -> FormatResult<Self> {
        input.field(field).map(Self)
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

record_layout! {
    /// Transaction levels above 0 were begun.
    pub struct Begin {
        fields {
            /// Session number.
            procid: u16,
            /// Which levels.
            levels: BeginLevels,
        }
    }
}

record_layout! {
    /// A transaction was begun at level 0.
    pub struct Begin0 {
        fields {
            /// Session number.
            procid: u16,
            /// Which levels.
            levels: BeginLevels,
            /// Id of the transaction.
            trx_begin0: u32,
        }
    }
}

record_layout! {
    /// A session's transaction got a new id; never written.
    pub struct Refresh {
        fields {
            /// Session number.
            procid: u16,
            /// Id of the transaction.
            trx_begin0: u32,
        }
    }
}

record_layout! {
    /// Levels above 0 were committed.
    pub struct Commit {
        fields {
            /// Session number.
            procid: u16,
            /// The level the session is at afterwards.
            level_to: u8,
        }
    }
}

record_layout! {
    /// A transaction was committed to level 0.
    pub struct Commit0 {
        fields {
            /// Session number.
            procid: u16,
            /// Zero.
            level_to: u8,
            /// Id of the commit.
            trx_commit0: u32,
        }
    }
}

record_layout! {
    /// Levels were rolled back.
    pub struct Rollback {
        fields {
            /// Session number.
            procid: u16,
            /// How many.
            level_count: u8,
        }
    }
}

record_layout! {
    /// First phase of a distributed commit; never written.
    pub struct PrepareCommit<'a> {
        fields {
            /// Session number.
            procid: u16,
        }
        lengths { data: u32 }
        tail {
            /// The coordinator's data.
            data,
        }
    }
}

record_layout! {
    /// A record that only names a session: PrepRollback, ForceWriteLog.
    pub struct SessionMark {
        fields {
            /// Session number.
            procid: u16,
        }
    }
}

record_layout! {
    /// Begin, commit or abort of a macro: a change of several pages.
    pub struct MacroMark {
        fields {
            /// Session number.
            procid: u16,
            /// dbtime that all pages of the macro get.
            dbtime: u64,
        }
    }
}

fn page_numbers(bytes: &[u8]) -> impl ExactSizeIterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|page| u32::from_le_bytes(*page))
}

record_layout! {
    /// The pages that a macro touched, database 1 (framed).
    pub struct MacroInfo<'a> {
        fields {}
        rest {
            /// The page numbers, four bytes each; see [`MacroInfo::pages`].
            list
        }
        consistent |record| record.list.len().is_multiple_of(4)
    }
}

impl MacroInfo<'_> {
    /// The page numbers.
    pub fn pages(&self) -> impl ExactSizeIterator<Item = u32> {
        page_numbers(self.list)
    }
}

record_layout! {
    /// The pages that a macro touched, other databases (framed).
    pub struct MacroInfo2<'a> {
        fields {
            /// Database number.
            dbid: u8,
            /// Number of pages.
            count: u32,
        }
        rest {
            /// The page numbers, four bytes each; see [`MacroInfo2::pages`].
            list
        }
        consistent |record| record.list.len() as u64 == 4 * u64::from(record.count)
    }
}

impl MacroInfo2<'_> {
    /// The page numbers.
    pub fn pages(&self) -> impl ExactSizeIterator<Item = u32> {
        page_numbers(self.list)
    }
}

stored_bits! {
    /// What a commit context asks for.
    pub struct CommitContextFlags(u8) {
        /// A callback is wanted on redo.
        CALLBACK = 0x01,
        /// The bytes are a customer's data.
        CUSTOMER_DATA = 0x02,
        /// The callback comes before the commit.
        PRE_COMMIT = 0x04,
    }
}

record_layout! {
    /// Bytes that the application attached to a commit (framed). The flag byte exists in the new layout only, see
    /// [`CommitContext::flags`].
    pub struct CommitContext<'a> {
        fields {
            /// Session number.
            procid: u16,
        }
        rest {
            /// Flag byte (new layout) and user bytes.
            payload
        }
    }
}

/// Which of the two layouts a CommitCtx has: the log's version decides (spec 05 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitContextLayout {
    /// Before 8.4000.4.8 and 8.4000.5.2: no flag byte.
    Old,
    /// A flag byte in front of the user bytes.
    New,
}

impl<'a> CommitContext<'a> {
    /// The flags, in the new layout.
    #[must_use]
    pub fn flags(&self, layout: CommitContextLayout) -> Option<CommitContextFlags> {
        (layout == CommitContextLayout::New)
            .then(|| self.payload.first().copied().map(CommitContextFlags::from_bits_retain))?
    }

    /// The user's bytes.
    #[must_use]
    pub fn user_bytes(&self, layout: CommitContextLayout) -> &'a [u8] {
        match layout {
            CommitContextLayout::Old => self.payload,
            CommitContextLayout::New => self.payload.get(1..).unwrap_or_default(),
        }
    }
}
