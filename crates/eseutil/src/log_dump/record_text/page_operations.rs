//! Details of the operations on nodes and of those that change the shape of trees (spec 10 §6.3.2).
//!
//! Shorthand of the spec: `T` = dbtime, dbtime before, transaction and level; `P` and `PL` = database, page (and
//! line); `O` = the object.

use std::fmt::{self, Write};

use ese_format::log::record::{
    ConvertFields, CreateMultipleExtentFdp, CreateSingleExtentFdp, DBTIME_NIL, DiffKind, EmptyTree,
    FlagInsert, FlagInsertAndReplaceData, ImageFlags, Insert, MergeFields, MergeFlags, MergeType, NodeDelete,
    NodeOperation, PageMove, PageOperation, PageOperationFlags, Replace, Scrub, ScrubFlags,
    SetExternalHeader, SplitFields, SplitOperation, SplitType, Undo, UndoInfo,
};

use super::super::text::Data;
use crate::command_line::Verbosity;

/// `T`.
pub(super) struct Times<'a>(pub(super) &'a PageOperation);

impl fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PageOperation { dbtime, dbtime_before, trx_begin0, level, .. } = self.0;
        write!(f, "{dbtime:x},{dbtime_before:x},{trx_begin0:x}:{level}")
    }
}

/// `PL`.
pub(super) struct At<'a>(pub(super) &'a PageOperation);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}:{}:{}]", self.0.dbid, self.0.page_number, self.0.line)
    }
}

/// `P` of any page.
pub(super) struct Page(pub(super) u8, pub(super) u32);

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}:{}]", self.0, self.1)
    }
}

/// `P` of the page operated on.
fn here(page: &PageOperation) -> Page {
    Page(page.dbid, page.page_number)
}

/// `O`.
pub(super) struct Object(pub(super) u8, pub(super) u32);

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "objid:[{}:{}]", self.0, self.1)
    }
}

fn object(node: &NodeOperation) -> Object {
    Object(node.page.dbid, node.objid)
}

/// Which flags of a page operation a record shows, each as one of two words.
#[derive(Clone, Copy)]
enum Shown {
    Unique,
    Versioned,
    Deleted,
    SpaceTree,
    SystemTask,
    IndexBuild,
}

/// The shown flags, joined by colons.
struct Flags<'a>(PageOperationFlags, &'a [Shown]);

impl fmt::Display for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, shown) in self.1.iter().enumerate() {
            let (bit, set, clear) = match shown {
                Shown::Unique => (PageOperationFlags::UNIQUE, "U", "NU"),
                Shown::Versioned => (PageOperationFlags::VERSIONED, "V", "NV"),
                Shown::Deleted => (PageOperationFlags::DELETED, "D", "ND"),
                Shown::SpaceTree => (PageOperationFlags::SPACE_TREE, "SP", "NSP"),
                Shown::SystemTask => (PageOperationFlags::SYSTEM_TASK, "SYS", "USR"),
                Shown::IndexBuild => (PageOperationFlags::CONCURRENT_CREATE_INDEX, "CI", "NCI"),
            };
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{}", if self.0.contains(bit) { set } else { clear })?;
        }
        Ok(())
    }
}

const ALL: &[Shown] = &[
    Shown::Unique,
    Shown::Versioned,
    Shown::Deleted,
    Shown::SpaceTree,
    Shown::SystemTask,
    Shown::IndexBuild,
];
const NOT_DELETED: &[Shown] =
    &[Shown::Unique, Shown::Versioned, Shown::SpaceTree, Shown::SystemTask, Shown::IndexBuild];
const COUNTER: &[Shown] = &[Shown::Unique, Shown::Versioned, Shown::SystemTask, Shown::IndexBuild];
const SPLIT: &[Shown] = &[Shown::Unique, Shown::SpaceTree, Shown::SystemTask, Shown::IndexBuild];
const SPACE: &[Shown] = &[Shown::Unique, Shown::SpaceTree, Shown::SystemTask];
const PLAIN: &[Shown] = &[Shown::Unique, Shown::SystemTask];
const TASK: &[Shown] = &[Shown::SystemTask];

fn data<'a>(pieces: &'a [&'a [u8]], verbosity: Verbosity) -> Data<'a> {
    Data { pieces, verbosity }
}

pub(super) fn insert(out: &mut String, record: &Insert<'_>, verbosity: Verbosity) -> fmt::Result {
    let Insert { node, prefix, suffix, data: bytes } = record;
    let NodeOperation { page, rceid, .. } = node;
    write!(
        out,
        " {}({},{},{},{},{},{},rceid:{rceid},{}){}",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, ALL),
        prefix.len(),
        suffix.len(),
        bytes.len(),
        object(node),
        data(&[prefix, suffix, bytes], verbosity),
    )
}

pub(super) fn flag_insert(out: &mut String, record: &FlagInsert<'_>) -> fmt::Result {
    let NodeOperation { page, rceid, .. } = &record.node;
    write!(
        out,
        " {}({},{},{},rceid:{rceid},{})",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, ALL),
        object(&record.node),
    )
}

pub(super) fn flag_insert_and_replace(
    out: &mut String,
    record: &FlagInsertAndReplaceData<'_>,
    verbosity: Verbosity,
) -> fmt::Result {
    let FlagInsertAndReplaceData { node, rceid_replace, key, data: bytes } = record;
    let NodeOperation { page, rceid, .. } = node;
    write!(
        out,
        " {}({},{},{},{:>5},rceidInsert:{rceid},rceidReplace:{rceid_replace},{}){}",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, NOT_DELETED),
        key.len() + bytes.len(),
        object(node),
        data(&[key, bytes], verbosity),
    )
}

pub(super) fn flag_delete(out: &mut String, record: &NodeDelete) -> fmt::Result {
    let NodeOperation { page, rceid, .. } = &record.node;
    write!(
        out,
        " {}({},{},{}),rceid:{rceid},{}",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, NOT_DELETED),
        object(&record.node),
    )
}

pub(super) fn delete(out: &mut String, record: &NodeDelete) -> fmt::Result {
    let page = &record.node.page;
    let flags = Flags(page.flags, SPACE);
    write!(out, " {}({},{},{flags},{})", Times(page), page.procid, At(page), object(&record.node))
}

pub(super) fn replace(out: &mut String, record: &Replace<'_>, verbosity: Verbosity) -> fmt::Result {
    replace_fields(out, record)?;
    write!(out, "{}", data(&[record.payload], verbosity))
}

fn replace_fields(out: &mut String, record: &Replace<'_>) -> fmt::Result {
    let NodeOperation { page, rceid, .. } = &record.node;
    write!(
        out,
        " {}({},{},{},{:>5},{:>5},{:>5},rceid:{rceid},{})",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, NOT_DELETED),
        record.payload.len(),
        record.new_length,
        record.old_length,
        object(&record.node),
    )
}

/// A ReplaceD: its fields, then one line for each diff.
pub(super) fn replace_by_diff(out: &mut String, record: &Replace<'_>, verbosity: Verbosity) -> fmt::Result {
    replace_fields(out, record)?;
    let page = &record.node.page;
    let object = object(&record.node);
    for diff in record.diffs() {
        write!(out, "\n{:20}ReplDiff  {}({},{},{object},[ ", "", Times(page), page.procid, At(page))?;
        let Ok(diff) = diff else {
            return out.write_str("CORRUPT ])");
        };
        let width = if diff.two_byte_lengths { 2 } else { 1 };
        let (new, old) = (diff.new.len(), diff.old_length);
        write!(out, "Offs:{} {width}B ", diff.offset)?;
        match diff.kind {
            DiffKind::Insert => write!(out, "Insert ({new}): ")?,
            DiffKind::SameLength => write!(out, "ReplaceWithSameLength ({new}): ")?,
            DiffKind::Replace if new == 0 => write!(out, "Delete ({old}) ")?,
            DiffKind::Replace => write!(out, "Replace ({new},{old}): ")?,
        }
        if new > 0 {
            write!(out, "{}", data(&[diff.new], verbosity))?;
        }
        out.write_str("])")?;
    }
    Ok(())
}

/// Delta and Delta64.
pub(super) fn delta(out: &mut String, node: &NodeOperation, delta: i64, offset: u16) -> fmt::Result {
    let NodeOperation { page, rceid, .. } = node;
    write!(
        out,
        " {}({},{},{},{delta},offset:{offset},rceid:{rceid},{})",
        Times(page),
        page.procid,
        At(page),
        Flags(page.flags, COUNTER),
        object(node),
    )
}

pub(super) fn set_external_header(
    out: &mut String,
    record: &SetExternalHeader<'_>,
    verbosity: Verbosity,
) -> fmt::Result {
    let page = &record.node.page;
    write!(
        out,
        " {}({},{},{},{:>5}){}",
        Times(page),
        page.procid,
        here(page),
        Flags(page.flags, SPACE),
        record.header.len(),
        data(&[record.header], verbosity),
    )
}

pub(super) fn undo(out: &mut String, record: &Undo<'_>) -> fmt::Result {
    let NodeOperation { page, rceid, .. } = &record.node;
    let flags = Flags(page.flags, PLAIN);
    let (level, operation) = (page.level, record.operation.0);
    write!(out, " {}({},{},{flags},{level},{operation},rceid:{rceid})", Times(page), page.procid, At(page))
}

pub(super) fn undo_info(out: &mut String, record: &UndoInfo<'_>, verbosity: Verbosity) -> fmt::Result {
    let UndoInfo { node, key, bookmark_data, before_image, .. } = record;
    let NodeOperation { page, rceid, .. } = node;
    write!(
        out,
        " {:x}:{}({},{},{},{},{},{},rceid:{rceid},{}){}",
        page.trx_begin0,
        page.level,
        page.procid,
        here(page),
        Flags(page.flags, PLAIN),
        key.len(),
        bookmark_data.len(),
        before_image.len(),
        object(node),
        data(&[key, bookmark_data, before_image], verbosity),
    )
}

pub(super) fn scrub(out: &mut String, record: &Scrub<'_>, verbosity: Verbosity) -> fmt::Result {
    let page = &record.node.page;
    let use_of_page =
        if record.flags.contains(ScrubFlags::UNUSED_PAGE) { "unused page" } else { "used page" };
    write!(
        out,
        " {}({},{},{},{use_of_page},{},{:>5}){}",
        Times(page),
        page.procid,
        here(page),
        Flags(page.flags, SPACE),
        record.operation_count,
        record.payload.len(),
        data(&[record.payload], verbosity),
    )
}

pub(super) fn empty_tree(out: &mut String, record: &EmptyTree<'_>, verbosity: Verbosity) -> fmt::Result {
    let page = &record.node.page;
    write!(
        out,
        " {}({},{},{},{},{}){}",
        Times(page),
        page.procid,
        here(page),
        object(&record.node),
        Flags(page.flags, SPACE),
        record.list.len(),
        data(&[record.list], verbosity),
    )
}

/// A dbtime as splits and merges show it: 0 for an absent page.
fn dbtime_or_zero(dbtime: u64) -> u64 {
    if dbtime == DBTIME_NIL { 0 } else { dbtime }
}

/// `beforeImage:{bytes}[{D}{X}]`.
struct Image(usize, ImageFlags);

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dehydrated = if self.1.contains(ImageFlags::DEHYDRATED) { "D" } else { "" };
        let compressed = if self.1.contains(ImageFlags::COMPRESSED) { "X" } else { "" };
        write!(f, "beforeImage:{}[{dehydrated}{compressed}]", self.0)
    }
}

pub(super) fn split(out: &mut String, split: &SplitFields, image: usize, flags: ImageFlags) -> fmt::Result {
    let page = &split.page;
    if split.is_parent_level() {
        let parent = split.parent_dbtime_before;
        return write!(
            out,
            " ParentOfSplitPage {}({},parent:{parent:x},{})",
            Times(page),
            page.procid,
            here(page)
        );
    }
    let last_line = split.line_count.wrapping_sub(1);
    let at_the_hot_point = split.split_operation == SplitOperation::INSERT
        && split.split_line == split.operation_line
        && split.operation_line == last_line;
    let kind = match split.split_type {
        SplitType::VERTICAL => "SplitVertical",
        SplitType::RIGHT if at_the_hot_point => "SplitHotpoint",
        SplitType::RIGHT => "SplitRight",
        SplitType::APPEND => "Append",
        _ => "*UNKNOWN*",
    };
    let operation = match split.split_operation {
        SplitOperation::NONE => "None",
        SplitOperation::INSERT => "Insert",
        SplitOperation::REPLACE => "Replace",
        SplitOperation::FLAG_INSERT_AND_REPLACE_DATA => "FlagInsertAndReplaceData",
        _ => "*UNKNOWN*",
    };
    let dbid = page.dbid;
    write!(
        out,
        " {kind} {}({},split:[{dbid}:{}:{}],oper/last:[{}/{last_line}],new:{},parent:{:x},{},right:{:x},{}, {}, {}, \
         splitoper:{operation}, {})",
        Times(page),
        page.procid,
        page.page_number,
        split.split_line,
        split.operation_line,
        Page(dbid, split.new_page),
        dbtime_or_zero(split.parent_dbtime_before),
        Page(dbid, split.parent_page),
        dbtime_or_zero(split.right_dbtime_before),
        Page(dbid, split.right_page),
        Object(dbid, split.objid),
        Flags(page.flags, SPLIT),
        Image(image, flags),
    )
}

pub(super) fn merge(
    out: &mut String,
    merge: &MergeFields,
    separator_key: &[u8],
    image: (usize, ImageFlags),
    verbosity: Verbosity,
) -> fmt::Result {
    let page = &merge.page;
    let dbid = page.dbid;
    let word = |bit, set, clear| if merge.flags.contains(bit) { set } else { clear };
    let kind = match merge.merge_type {
        MergeType::NONE => "None",
        MergeType::EMPTY_PAGE => "EmptyPage",
        MergeType::FULL_RIGHT => "FullRight",
        MergeType::PARTIAL_RIGHT => "PartialRight",
        MergeType::EMPTY_TREE => "EmptyTree",
        MergeType::FULL_LEFT => "FullLeft",
        MergeType::PARTIAL_LEFT => "PartialLeft",
        MergeType::PAGE_MOVE => "PageMove",
        _ => "*UNKNOWN*",
    };
    write!(
        out,
        " {}({},merge:[{dbid}:{}:{}],right:{:x},{},left:{:x},{},parent:{:x},{},",
        Times(page),
        page.procid,
        page.page_number,
        merge.merge_line,
        dbtime_or_zero(merge.right_dbtime_before),
        Page(dbid, merge.right_page),
        dbtime_or_zero(merge.left_dbtime_before),
        Page(dbid, merge.left_page),
        dbtime_or_zero(merge.parent_dbtime_before),
        Page(dbid, merge.parent_page),
    )?;
    write!(
        out,
        "{}:{}:{}:{}:{kind},size:{},maxsize:{},uncfree:{},{}){}",
        Flags(page.flags, SPACE),
        word(MergeFlags::KEY_CHANGE, "KC", "NKC"),
        word(MergeFlags::EMPTY_PAGE, "EP", "NEP"),
        word(MergeFlags::DELETE_NODE, "D", "ND"),
        merge.size_total,
        merge.max_size_total,
        merge.uncommitted_freed_destination,
        Image(image.0, image.1),
        data(&[separator_key], verbosity),
    )
}

pub(super) fn page_move(out: &mut String, record: &PageMove<'_>) -> fmt::Result {
    let page = &record.page;
    let dbid = page.dbid;
    write!(
        out,
        " {}({},source:{},destination:{},right:{:x},{},left:{:x},{},parent:{:x},[{dbid}:{}:{}],header:{},trailer:{},\
         {},flags:{:x}, {})",
        Times(page),
        page.procid,
        here(page),
        Page(dbid, record.destination_page),
        record.right_dbtime_before,
        Page(dbid, record.right_page),
        record.left_dbtime_before,
        Page(dbid, record.left_page),
        record.parent_dbtime_before,
        record.parent_page,
        record.parent_line,
        record.header.len(),
        record.trailer.len(),
        Object(dbid, record.objid),
        record.move_flags.bits(),
        Flags(page.flags, TASK),
    )
}

pub(super) fn create_multiple_extent(out: &mut String, record: &CreateMultipleExtentFdp) -> fmt::Result {
    let page = &record.page;
    let dbid = page.dbid;
    write!(
        out,
        " {:x},{:x}:{}({},FDP:{},OE:{},AE:{},FDPParent:{},{},PageFlags:[0x{:x}],{},{})",
        page.dbtime,
        page.trx_begin0,
        page.level,
        page.procid,
        here(page),
        Page(dbid, record.owned_extents_page),
        Page(dbid, record.available_extents_page),
        Page(dbid, record.parent_fdp),
        Object(dbid, record.objid),
        record.page_flags,
        record.primary_pages,
        Flags(page.flags, PLAIN),
    )
}

pub(super) fn create_single_extent(out: &mut String, record: &CreateSingleExtentFdp) -> fmt::Result {
    let page = &record.page;
    write!(
        out,
        " {:x},{:x}:{}({},{},{},[{}],PageFlags:[0x{:x}]{},{})",
        page.dbtime,
        page.trx_begin0,
        page.level,
        page.procid,
        here(page),
        Page(page.dbid, record.parent_fdp),
        record.objid,
        record.page_flags,
        record.primary_pages,
        Flags(page.flags, PLAIN),
    )
}

pub(super) fn convert(out: &mut String, convert: &ConvertFields) -> fmt::Result {
    let page = &convert.page;
    write!(
        out,
        " {}({},{},{},[{}],+{},{},+{},{})",
        Times(page),
        page.procid,
        here(page),
        Page(page.dbid, convert.parent_fdp),
        convert.objid,
        convert.primary_pages,
        Page(page.dbid, convert.secondary_first_page),
        convert.secondary_pages,
        Flags(page.flags, PLAIN),
    )
}
