//! Operations on one node or on the nodes of one page (spec 05 §8.3).
//!
//! Every layout here starts with LRNODE (44 bytes, see [`super::page`]); lengths follow, then the variable parts:
//!
//! ```text
//! Insert                    cbSuffix, cbPrefix, cbData          | prefix, suffix, data
//! FlagInsert                cbKey, cbData                       | key, data
//! FlagInsertAndReplaceData  cbKey, cbData, rceidReplace         | key, data
//! FlagDelete, Delete        (nothing more)
//! Replace, ReplaceD         cb + form bit, cbOld, cbNew         | new data, or a diff
//! Delta, Delta64            cbKey, cbBmData, delta, cbOffset    | key, bookmark data
//! SetExternalHeader         cbData                              | header
//! Undo                      cbKey, cbBmData, oper, level        | key, bookmark data
//! UndoInfo                  cbKey, cbBmData, oper, cbMaxSize, cbDelta, cbData | key, bookmark data, before-image
//! Scrub                     flags, count, cbData                | one operation a node, padding
//! EmptyTree                 cbList                              | {dbtimeBefore, pgno, flags} of 16 bytes
//! ```

use crate::error::{FormatResult, Problem};

use super::diff::{Diff, Diffs};
use super::layout::{Input, Layout, record_error, record_layout, stored_bits, stored_enum, too_long};
use super::page::NodeOperation;

record_layout! {
    /// A node was inserted. Its key is prefix and suffix together.
    pub struct Insert<'a> {
        fields {
            /// Where.
            node: NodeOperation,
        }
        lengths { suffix: u16, prefix: u16, data: u16 }
        tail {
            /// The part of the key that the page's external header supplied.
            prefix,
            /// The rest of the key.
            suffix,
            /// The node's data.
            data,
        }
    }
}

record_layout! {
    /// The deleted flag of a node was cleared: a re-insert with the same data.
    pub struct FlagInsert<'a> {
        fields {
            /// Where.
            node: NodeOperation,
        }
        lengths { key: u16, data: u16 }
        tail {
            /// The whole key, as on the page.
            key,
            /// The data, as on the page.
            data,
        }
    }
}

record_layout! {
    /// The deleted flag of a node was cleared and its data replaced: a re-insert with other data.
    pub struct FlagInsertAndReplaceData<'a> {
        fields {
            /// Where; its rceid is the insert's version.
            node: NodeOperation,
        }
        lengths { key: u16, data: u16 }
        fields {
            /// The replace's version.
            rceid_replace: u32,
        }
        tail {
            /// The whole key.
            key,
            /// The new data.
            data,
        }
    }
}

record_layout! {
    /// A node was marked deleted ([`super::RecordType::FlagDelete`]) or physically removed
    /// ([`super::RecordType::Delete`]).
    pub struct NodeDelete {
        fields {
            /// Where.
            node: NodeOperation,
        }
    }
}

/// How the diffs of a ReplaceD are packed (spec 05 §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffForm {
    /// Two-byte headers: pages up to 8 KB.
    Small,
    /// Three-byte headers: larger pages.
    Large,
}

/// A node's data was replaced: by the whole new data (Replace) or by a diff against the old (ReplaceD).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replace<'a> {
    /// Where.
    pub node: NodeOperation,
    /// The packing of a diff; meaningless in a Replace.
    pub form: DiffForm,
    /// Bytes of the data before.
    pub old_length: u16,
    /// Bytes of the data after.
    pub new_length: u16,
    /// The new data (Replace) or the diff (ReplaceD).
    pub payload: &'a [u8],
}

impl<'a> Replace<'a> {
    const FORM_BIT: u16 = 0x8000;

    /// The diffs, when this is a ReplaceD.
    #[must_use]
    pub fn diffs(&self) -> Diffs<'a> {
        Diffs::new(self.payload, self.form)
    }

    /// The new data, when this is a ReplaceD and `old` the data before.
    ///
    /// # Errors
    /// A diff that leaves its bounds, or a result of another length than the record says.
    pub fn apply(&self, old: &[u8]) -> FormatResult<Vec<u8>> {
        if old.len() != usize::from(self.old_length) {
            let problem = Problem::Mismatch { found: old.len() as u64, expected: u64::from(self.old_length) };
            return Err(record_error(46, "Replace.old_length", problem));
        }
        self.diffs().apply(old, usize::from(self.new_length))
    }

    /// The diffs as a list, each checked.
    ///
    /// # Errors
    /// The first diff that is cut off.
    pub fn collect_diffs(&self) -> FormatResult<Vec<Diff<'a>>> {
        self.diffs().collect()
    }
}

impl<'a> Layout<'a> for Replace<'a> {
    const FIXED: usize = 49;

    fn decode(input: &mut Input<'a>) -> FormatResult<Self> {
        let node = input.field("Replace.node")?;
        let length: u16 = input.field("Replace.payload (length)")?;
        let old_length = input.field("Replace.old_length")?;
        let new_length = input.field("Replace.new_length")?;
        let form = if length & Self::FORM_BIT == 0 { DiffForm::Small } else { DiffForm::Large };
        let payload = input.take(usize::from(length & !Self::FORM_BIT), "Replace.payload")?;
        Ok(Self { node, form, old_length, new_length, payload })
    }

    fn encode(&self, out: &mut Vec<u8>) -> FormatResult<()> {
        super::layout::Field::write(&self.node, out);
        let length = u16::try_from(self.payload.len())
            .ok()
            .filter(|length| length & Self::FORM_BIT == 0)
            .ok_or_else(|| too_long(out, "Replace.payload", self.payload.len(), 0x7FFF))?;
        let form = if self.form == DiffForm::Large { Self::FORM_BIT } else { 0 };
        out.extend_from_slice(&(length | form).to_le_bytes());
        out.extend_from_slice(&self.old_length.to_le_bytes());
        out.extend_from_slice(&self.new_length.to_le_bytes());
        out.extend_from_slice(self.payload);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        Self::FIXED + self.payload.len()
    }
}

record_layout! {
    /// A 32-bit counter inside a node changed: an escrow column or a long value's reference count.
    pub struct Delta<'a> {
        fields {
            /// Where.
            node: NodeOperation,
        }
        lengths { key: u16, bookmark_data: u16 }
        fields {
            /// What was added.
            delta: i32,
            /// Offset of the counter in the node's data.
            offset: u16,
        }
        tail {
            /// Key of the node's bookmark.
            key,
            /// Data of the bookmark; empty today.
            bookmark_data,
        }
    }
}

record_layout! {
    /// A 64-bit counter inside a node changed.
    pub struct Delta64<'a> {
        fields {
            /// Where.
            node: NodeOperation,
        }
        lengths { key: u16, bookmark_data: u16 }
        fields {
            /// What was added.
            delta: i64,
            /// Offset of the counter in the node's data.
            offset: u16,
        }
        tail {
            /// Key of the node's bookmark.
            key,
            /// Data of the bookmark; empty today.
            bookmark_data,
        }
    }
}

record_layout! {
    /// The external header of a page was set: key prefix, space header or autoincrement.
    pub struct SetExternalHeader<'a> {
        fields {
            /// Where.
            node: NodeOperation,
        }
        lengths { header: u16 }
        tail {
            /// The new external header.
            header,
        }
    }
}

stored_enum! {
    /// The operation that an undo takes back.
    pub struct VersionedOperation(u16) {
        /// An insert.
        INSERT = 1,
        /// A replace.
        REPLACE = 2,
        /// A delete flag.
        FLAG_DELETE = 3,
        /// A 32-bit delta.
        DELTA = 4,
        /// A write lock; never undone by a record.
        WRITE_LOCK = 6,
        /// A 64-bit delta.
        DELTA64 = 9,
    }
}

record_layout! {
    /// The undo of a version, as redo must repeat it.
    pub struct Undo<'a> {
        fields {
            /// Where; its rceid names the version undone.
            node: NodeOperation,
        }
        lengths { key: u16, bookmark_data: u16 }
        fields {
            /// What is undone.
            operation: VersionedOperation,
            /// The version's own level; the prefix holds the session's.
            version_level: u8,
        }
        tail {
            /// Key of the node's bookmark.
            key,
            /// Data of the bookmark, in non-unique trees only.
            bookmark_data,
        }
    }
}

record_layout! {
    /// The before-image of a version whose page is about to be written, or at rollback.
    pub struct UndoInfo<'a> {
        fields {
            /// Where; both dbtimes are nil.
            node: NodeOperation,
        }
        lengths { key: u16, bookmark_data: u16 }
        fields {
            /// What was done to the node.
            operation: VersionedOperation,
            /// Largest size reserved for the node's data.
            max_size: i16,
            /// Change of its size.
            size_delta: i16,
        }
        lengths { before_image: u16 }
        tail {
            /// Key of the node's bookmark.
            key,
            /// Data of the bookmark, in non-unique trees only.
            bookmark_data,
            /// The data before; empty for a delete flag.
            before_image,
        }
    }
}

stored_bits! {
    /// Flags of a Scrub.
    pub struct ScrubFlags(u32) {
        /// The page is not in use.
        UNUSED_PAGE = 0x01,
    }
}

record_layout! {
    /// Deleted data of a page was overwritten.
    pub struct Scrub<'a> {
        fields {
            /// Where; the root page is 0.
            node: NodeOperation,
            /// Whether the page is unused.
            flags: ScrubFlags,
            /// Number of operations.
            operation_count: u32,
        }
        lengths { payload: u16 }
        tail {
            /// The operations, one byte a node, then zero padding.
            payload,
        }
    }
}

impl<'a> Scrub<'a> {
    /// One byte a node: 0 none, 1 data, 2 long-value data. `None` when the count exceeds the bytes.
    #[must_use]
    pub fn operations(&self) -> Option<&'a [u8]> {
        self.payload.get(..usize::try_from(self.operation_count).ok()?)
    }
}

record_layout! {
    /// A tree of several levels lost all its pages but the root, which was reset.
    pub struct EmptyTree<'a> {
        fields {
            /// The root page.
            node: NodeOperation,
        }
        lengths { list: u16 }
        tail {
            /// 16 bytes a page, see [`EmptyTree::pages`].
            list,
        }
    }
}

/// A page that an EmptyTree freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptiedPage {
    /// dbtime of the page before.
    pub dbtime_before: u64,
    /// The page.
    pub page_number: u32,
    /// Its page flags.
    pub page_flags: u32,
}

impl EmptyTree<'_> {
    /// The freed pages, at most eight in a sound record; trailing bytes that make no whole entry are left out.
    pub fn pages(&self) -> impl ExactSizeIterator<Item = EmptiedPage> {
        self.list.as_chunks::<16>().0.iter().map(|entry| EmptiedPage {
            dbtime_before: u64::from_le_bytes(*entry.first_chunk().expect("16 bytes hold 8")),
            page_number: u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]),
            page_flags: u32::from_le_bytes(*entry.last_chunk().expect("16 bytes hold 4")),
        })
    }
}
