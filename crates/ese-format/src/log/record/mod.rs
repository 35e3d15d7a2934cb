//! The log records: every type from 0 to 101, its name, its layout (spec 05 §7–9).
//!
//! ```text
//! 0  u8  type
//! 1  ... layout of the type: fixed fields, then variable parts whose lengths are among the fields
//! types 67-75 and 82-91 are framed, so that older engines can skip them:
//! 0  u8  type    1  u32 cb    5  cb bytes
//! ```
//!
//! [`Record::decode`] reads the record at the start of the bytes; [`Record::encode`] is its inverse, byte for byte.
//!
//! Invariants: a type above 101, or one of the six whose length nobody knows any more, is an error; a framed record
//! whose content has another length than its type's layout is kept as [`Ignored`], never an error (spec 05 §10).

mod database;
mod diff;
mod image;
mod layout;
mod lifecycle;
mod node;
mod page;
mod structure;
mod transaction;

pub use database::*;
pub use diff::*;
pub use image::*;
pub use lifecycle::*;
pub use node::*;
pub use page::*;
pub use structure::*;
pub use transaction::*;

use std::fmt;

use crate::error::{FormatResult, Problem};

use layout::{Input, Layout, record_error, too_long};

/// Bytes in front of the content of a framed record: type and length.
const FRAME_BYTES: usize = 5;

/// A run of one-byte padding records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nop {
    /// How many.
    pub count: usize,
}

/// A framed record that is free, or whose content does not have its type's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignored<'a> {
    /// Its type.
    pub record_type: RecordType,
    /// The content of the frame.
    pub content: &'a [u8],
}

macro_rules! record_types {
    (
        plain { $( $(#[$pmeta:meta])* $pcode:literal $pname:ident ($pshown:literal, $pfixed:literal): $ptype:ty ),* $(,)? }
        framed { $( $(#[$fmeta:meta])* $fcode:literal $fname:ident ($fshown:literal, $ffixed:literal): $ftype:ty ),* $(,)? }
        free { $( $(#[$imeta:meta])* $icode:literal $iname:ident ($ishown:literal) ),* $(,)? }
        obsolete { $( $(#[$ometa:meta])* $ocode:literal $oname:ident ($oshown:literal) ),* $(,)? }
    ) => {
        /// The type of a log record: its first byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum RecordType {
            /// One byte of padding.
            Nop = 0,
            $( $(#[$pmeta])* $pname = $pcode, )*
            $( $(#[$fmeta])* $fname = $fcode, )*
            $( $(#[$imeta])* $iname = $icode, )*
            $( $(#[$ometa])* $oname = $ocode, )*
        }

        impl RecordType {
            /// Every type, by kind of layout.
            pub const ALL: &[Self] = &[
                Self::Nop, $( Self::$pname, )* $( Self::$fname, )* $( Self::$iname, )* $( Self::$oname, )*
            ];

            /// The type with this code.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    0 => Some(Self::Nop),
                    $( $pcode => Some(Self::$pname), )*
                    $( $fcode => Some(Self::$fname), )*
                    $( $icode => Some(Self::$iname), )*
                    $( $ocode => Some(Self::$oname), )*
                    _ => None,
                }
            }

            /// The name as spec 05 §7 has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::Nop => "NOP",
                    $( Self::$pname => $pshown, )*
                    $( Self::$fname => $fshown, )*
                    $( Self::$iname => $ishown, )*
                    $( Self::$oname => $oshown, )*
                }
            }

            /// Whether the type has the frame that lets an engine skip what it does not know.
            #[must_use]
            pub const fn is_framed(self) -> bool {
                matches!(self as u8, 67..=75 | 82..=91)
            }
        }

        /// One decoded log record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Record<'a> {
            /// Padding.
            Nop(Nop),
            $( $(#[$pmeta])* $pname($ptype), )*
            $( $(#[$fmeta])* $fname($ftype), )*
            /// A framed record without a known content.
            Ignored(Ignored<'a>),
        }

        /// The fixed lengths of spec 05 §7, checked when this is compiled.
        #[allow(clippy::extra_unused_lifetimes)]
        const fn check_fixed_lengths<'a>() {
            $( assert!(1 + <$ptype as Layout<'a>>::FIXED == $pfixed, $pshown); )*
            $( assert!(<$ftype as Layout<'a>>::FIXED == $ffixed, $fshown); )*
        }
        const _: () = check_fixed_lengths();

        impl<'a> Record<'a> {
            /// The type.
            #[must_use]
            pub fn record_type(&self) -> RecordType {
                match self {
                    Self::Nop(_) => RecordType::Nop,
                    $( Self::$pname(_) => RecordType::$pname, )*
                    $( Self::$fname(_) => RecordType::$fname, )*
                    Self::Ignored(ignored) => ignored.record_type,
                }
            }

            /// Bytes of the record in the log, were it not cut into fragments.
            #[must_use]
            pub fn encoded_len(&self) -> usize {
                match self {
                    Self::Nop(nop) => nop.count,
                    $( Self::$pname(record) => 1 + record.encoded_len(), )*
                    $( Self::$fname(record) => FRAME_BYTES + record.encoded_len(), )*
                    Self::Ignored(ignored) => FRAME_BYTES + ignored.content.len(),
                }
            }

            /// Appends the record's bytes to `out`.
            ///
            /// # Errors
            /// JET_errInvalidParameter when a variable part is longer than its stored length can say; `out` then
            /// holds a part of the record.
            pub fn encode_into(&self, out: &mut Vec<u8>) -> FormatResult<()> {
                match self {
                    Self::Nop(nop) => out.resize(out.len().saturating_add(nop.count), 0),
                    $( Self::$pname(record) => {
                        out.push($pcode);
                        record.encode(out)?;
                    } )*
                    $( Self::$fname(record) => {
                        write_frame(out, $fcode, record.encoded_len())?;
                        record.encode(out)?;
                    } )*
                    Self::Ignored(ignored) => {
                        write_frame(out, ignored.record_type as u8, ignored.content.len())?;
                        out.extend_from_slice(ignored.content);
                    }
                }
                Ok(())
            }

            fn decode_plain(record_type: RecordType, input: &mut Input<'a>) -> FormatResult<Self> {
                match record_type {
                    $( RecordType::$pname => Layout::decode(input).map(Self::$pname), )*
                    _ => Err(record_error(0, "record type", Problem::Unsupported("an obsolete record type"))),
                }
            }

            fn decode_framed(record_type: RecordType, content: &'a [u8]) -> Self {
                let mut input = Input::starting_at(content, FRAME_BYTES);
                let decoded = match record_type {
                    $( RecordType::$fname => <$ftype>::decode(&mut input)
                        .ok()
                        .filter(Layout::is_consistent)
                        .map(Self::$fname), )*
                    _ => None,
                };
                decoded
                    .filter(|_| input.is_empty())
                    .unwrap_or(Self::Ignored(Ignored { record_type, content }))
            }
        }
    };
}

record_types! {
    plain {
        /// A run starts, old form.
        1 Init("Init", 568): Init<'a>,
        /// A run ends, old form.
        2 Term("Term", 18): RunEnd,
        /// A flush over several sectors; before 1998.
        3 MultiSectorFlush("MS", 9): MultiSectorFlush,
        /// End of a generation, old.
        4 End("End", 1): Mark,
        /// Transaction levels were begun.
        5 Begin("Begin", 4): Begin,
        /// Transaction levels were committed.
        6 Commit("Commit", 4): Commit,
        /// Transaction levels were rolled back.
        7 Rollback("Rollback", 4): Rollback,
        /// A transaction was begun.
        8 Begin0("Begin0", 8): Begin0,
        /// A transaction was committed.
        9 Commit0("Commit0", 8): Commit0,
        /// A transaction got a new id; unused.
        10 Refresh("Refresh", 7): Refresh,
        /// A macro begins.
        11 MacroBegin("MacroBegin", 11): MacroMark,
        /// A macro is complete.
        12 MacroCommit("MacroCommit", 11): MacroMark,
        /// A macro is abandoned.
        13 MacroAbort("MacroAbort", 11): MacroMark,
        /// A database was created.
        14 CreateDb("CreateDB", 43): CreateDb<'a>,
        /// A database was attached.
        15 AttachDb("AttachDB", 75): AttachDb<'a>,
        /// A database was detached.
        16 DetachDb("DetachDB", 7): DetachDb<'a>,
        /// Undo starts, old form.
        17 RecoveryUndo("RecoveryUndo", 1): Mark,
        /// Recovery is over, old form.
        18 RecoveryQuit("RecoveryQuit", 18): RunEnd,
        /// A full backup, oldest form.
        19 FullBackup("FullBackup", 3): LegacyBackup<'a>,
        /// An incremental backup, oldest form.
        20 IncBackup("IncBackup", 3): LegacyBackup<'a>,
        /// A call, in debug builds.
        21 JetOp("JetOp", 4): JetOperation,
        /// A text.
        22 Trace("Trace", 5): Trace<'a>,
        /// Every database closed cleanly is consistent here.
        23 ShutDownMark("ShutDownMark", 1): Mark,
        /// A tree with its own space was made.
        24 CreateMultipleExtentFdp("CreateMultipleExtentFDP", 56): CreateMultipleExtentFdp,
        /// A tree with one extent was made.
        25 CreateSingleExtentFdp("CreateSingleExtentFDP", 48): CreateSingleExtentFdp,
        /// A single-extent tree got its own space, old form.
        26 ConvertFdp("ConvertFDP", 60): ConvertFdp,
        /// A page split, old form.
        27 Split("Split", 102): Split<'a>,
        /// A page merge, old form.
        28 Merge("Merge", 88): Merge<'a>,
        /// A node was inserted.
        29 Insert("Insert", 50): Insert<'a>,
        /// A deleted node came back.
        30 FlagInsert("FlagInsert", 48): FlagInsert<'a>,
        /// A deleted node came back with other data.
        31 FlagInsertAndReplaceData("FlagInsertAndReplaceData", 52): FlagInsertAndReplaceData<'a>,
        /// A node was marked deleted.
        32 FlagDelete("FlagDelete", 44): NodeDelete,
        /// A node's data was replaced.
        33 Replace("Replace", 50): Replace<'a>,
        /// A node's data was changed by a diff.
        34 ReplaceD("ReplaceD", 50): Replace<'a>,
        /// A node was removed.
        35 Delete("Delete", 44): NodeDelete,
        /// The before-image of a version.
        36 UndoInfo("UndoInfo", 56): UndoInfo<'a>,
        /// A 32-bit counter changed.
        37 Delta("Delta", 54): Delta<'a>,
        /// A page's external header was set.
        38 SetExternalHeader("SetExternalHeader", 46): SetExternalHeader<'a>,
        /// A version was undone.
        39 Undo("Undo", 51): Undo<'a>,
        /// A range checksum of a version-7 stream.
        42 Checksum("Checksum", 22): RangeChecksum,
        /// An external restore, ANSI names.
        45 ExtRestore("ExtRestore", 3): ExternalRestore<'a>,
        /// A mark of a backup, middle form.
        46 Backup("Backup", 5): Backup<'a>,
        /// A tree lost its pages.
        48 EmptyTree("EmptyTree", 46): EmptyTree<'a>,
        /// A run starts.
        49 Init2("Init2", 576): Init2<'a>,
        /// A run ends.
        50 Term2("Term2", 26): RunEnd2,
        /// Undo starts.
        51 RecoveryUndo2("RecoveryUndo2", 9): RecoveryUndo2,
        /// Recovery is over.
        52 RecoveryQuit2("RecoveryQuit2", 26): RunEnd2,
        /// A distributed transaction was begun; unused.
        53 BeginDt("BeginDT", 8): Begin0,
        /// First phase of a distributed commit; unused.
        54 PrepCommit("PrepCommit", 7): PrepareCommit<'a>,
        /// A distributed transaction was rolled back; unused.
        55 PrepRollback("PrepRollback", 3): SessionMark,
        /// A session wanted its records written.
        57 ForceWriteLog("ForceWriteLog", 3): SessionMark,
        /// A single-extent tree got its own space.
        58 ConvertFdp2("ConvertFDP2", 68): ConvertFdp2,
        /// An external restore, UTF-16 names.
        59 ExtRestore2("ExtRestore2", 3): ExternalRestore<'a>,
        /// A mark of a backup.
        60 Backup2("Backup2", 35): Backup2<'a>,
        /// A generation was forced to end.
        61 ForceLogRollover("ForceLogRollover", 5): Trace<'a>,
        /// A page split.
        62 Split2("Split2", 110): Split2<'a>,
        /// A page merge.
        63 Merge2("Merge2", 96): Merge2<'a>,
        /// Deleted data was overwritten.
        64 Scrub("Scrub", 54): Scrub<'a>,
        /// A page moved.
        65 PageMove("PageMove", 96): PageMove<'a>,
        /// A page asks for a good copy.
        66 PagePatchRequest("PagePatchRequest", 46): PagePatchRequest,
        /// A record's first fragment.
        76 FragmentBegin("FragmentBegin", 7): FragmentBegin<'a>,
        /// A record's next fragment.
        77 Fragment("Fragment", 3): Fragment<'a>,
        /// The file shrinks.
        78 ShrinkDb("ShrinkDB", 10): ShrinkDb,
        /// A fully logged new database is complete.
        79 CreateDbFinish("CreateDBFinish", 4): CreateDbFinish,
        /// Recovery is over and databases stay attached.
        80 RecoveryQuitKeepAttachments("RecoveryQuitKeepAttachments", 26): RunEnd2,
        /// Pages were given back to the file system.
        81 TrimDb("TrimDB", 10): TrimDb,
        /// The version of a database's format.
        92 SetDbVersion("SetDbVersion", 14): SetDbVersion,
        /// A 64-bit counter changed.
        93 Delta64("Delta64", 58): Delta64<'a>,
        /// The file shrinks, second form.
        94 ShrinkDb2("ShrinkDB2", 10): ShrinkDb,
        /// A page is about to be initialised.
        95 NewPage("NewPage", 20): NewPage,
        /// A tree's root moves.
        96 RootPageMove("RootPageMove", 16): RootPageMove,
        /// A database's attach is over.
        97 SignalAttachDb("SignalAttachDb", 2): SignalAttachDb,
        /// What the scan found on a page.
        98 ScanCheck2("ScanCheck2", 27): ScanCheck2,
        /// The file shrinks, third form.
        99 ShrinkDb3("ShrinkDB3", 18): ShrinkDb3,
        /// Pages were freed.
        100 ExtentFreed("ExtentFreed", 11): ExtentFreed,
        /// Pages were freed, with the dbtime.
        101 ExtentFreed2("ExtentFreed2", 19): ExtentFreed2,
    }
    framed {
        /// Pages of a macro, database 1.
        67 MacroInfo("MacroInfo", 0): MacroInfo<'a>,
        /// The file grows.
        68 ExtendDb("ExtendDB", 5): ExtendDb,
        /// Bytes attached to a commit.
        69 CommitCtx("CommitCtx", 2): CommitContext<'a>,
        /// What the scan found on a page, first form.
        70 ScanCheck("ScanCheck", 39): ScanCheck,
        /// A run of zeros.
        71 Nop2("NOP2", 0): Nop2<'a>,
        /// A database is still attached.
        72 ReAttach("ReAttach", 45): ReAttach,
        /// Pages of a macro, other databases.
        73 MacroInfo2("MacroInfo2", 5): MacroInfo2<'a>,
        /// A tree was freed.
        74 FreeFdp("FreeFDP", 10): FreeFdp,
    }
    free {
        /// Free.
        75 Ignored9("Ignored9"),
        /// Free.
        82 Ignored10("Ignored10"),
        /// Free.
        83 Ignored11("Ignored11"),
        /// Free.
        84 Ignored12("Ignored12"),
        /// Free.
        85 Ignored13("Ignored13"),
        /// Free.
        86 Ignored14("Ignored14"),
        /// Free.
        87 Ignored15("Ignored15"),
        /// Free.
        88 Ignored16("Ignored16"),
        /// Free.
        89 Ignored17("Ignored17"),
        /// Free.
        90 Ignored18("Ignored18"),
        /// Free; tests pad with it.
        91 Ignored19("Ignored19"),
    }
    obsolete {
        /// Streaming file: append. No length known.
        40 SlvPageAppend("SLVPageAppend"),
        /// Streaming file: space. No length known.
        41 SlvSpace("SLVSpace"),
        /// Streaming file: move. No length known.
        43 SlvPageMove("SLVPageMove"),
        /// Forced detach. No length known.
        44 ForceDetachDb("ForceDetachDB"),
        /// Upgrade. No length known.
        47 UpgradeDb("UpgradeDB"),
        /// List of databases. No length known.
        56 DbList("DbList"),
    }
}

fn write_frame(out: &mut Vec<u8>, code: u8, length: usize) -> FormatResult<()> {
    let stored =
        u32::try_from(length).map_err(|_| too_long(out, "frame length", length, u64::from(u32::MAX)))?;
    out.push(code);
    out.extend_from_slice(&stored.to_le_bytes());
    Ok(())
}

impl<'a> Record<'a> {
    /// Decodes the record at the start of `bytes`; what lies behind it is not looked at. A run of zero bytes is one
    /// [`Nop`].
    ///
    /// # Errors
    /// JET_errLogFileCorrupt with the offset in the record and the field: an unknown or obsolete type, or bytes that
    /// end before the record does.
    pub fn decode(bytes: &'a [u8]) -> FormatResult<Self> {
        let mut input = Input::new(bytes);
        let code: u8 = input.field("record type")?;
        let Some(record_type) = RecordType::from_code(code) else {
            let problem = Problem::OutOfRange { found: u64::from(code), min: 0, max: 101 };
            return Err(record_error(0, "record type", problem));
        };
        if record_type == RecordType::Nop {
            let count = bytes.iter().take_while(|byte| **byte == 0).count();
            return Ok(Self::Nop(Nop { count }));
        }
        if !record_type.is_framed() {
            return Self::decode_plain(record_type, &mut input);
        }
        let length: u32 = input.field("frame length")?;
        // A length beyond the address space is beyond the input too.
        let content = input.take(usize::try_from(length).unwrap_or(usize::MAX), "frame content")?;
        Ok(Self::decode_framed(record_type, content))
    }

    /// The record's bytes.
    ///
    /// # Errors
    /// As [`Self::encode_into`].
    pub fn encode(&self) -> FormatResult<Vec<u8>> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// The page operation at the front of the record, where it has one.
    #[must_use]
    pub fn page_operation(&self) -> Option<&PageOperation> {
        match self {
            Self::Split(record) => Some(&record.split.page),
            Self::Split2(record) => Some(&record.split.page),
            Self::Merge(record) => Some(&record.merge.page),
            Self::Merge2(record) => Some(&record.merge.page),
            Self::PageMove(record) => Some(&record.page),
            Self::CreateMultipleExtentFdp(record) => Some(&record.page),
            Self::CreateSingleExtentFdp(record) => Some(&record.page),
            Self::ConvertFdp(record) => Some(&record.convert.page),
            Self::ConvertFdp2(record) => Some(&record.convert.page),
            _ => self.node_operation().map(|node| &node.page),
        }
    }

    /// The node operation at the front of the record, where it has one.
    #[must_use]
    pub fn node_operation(&self) -> Option<&NodeOperation> {
        match self {
            Self::Insert(record) => Some(&record.node),
            Self::FlagInsert(record) => Some(&record.node),
            Self::FlagInsertAndReplaceData(record) => Some(&record.node),
            Self::FlagDelete(record) | Self::Delete(record) => Some(&record.node),
            Self::Replace(record) | Self::ReplaceD(record) => Some(&record.node),
            Self::UndoInfo(record) => Some(&record.node),
            Self::Delta(record) => Some(&record.node),
            Self::Delta64(record) => Some(&record.node),
            Self::SetExternalHeader(record) => Some(&record.node),
            Self::Undo(record) => Some(&record.node),
            Self::Scrub(record) => Some(&record.node),
            Self::EmptyTree(record) => Some(&record.node),
            _ => None,
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
