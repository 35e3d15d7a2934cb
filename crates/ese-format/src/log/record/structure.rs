//! Operations that change the shape of trees: splits, merges, moves, new pages and new trees (spec 05 §8.5–8.9).
//!
//! Every layout but NewPage, RootPageMove, PagePatchRequest, the scan checks and ExtentFreed starts with LRPAGE
//! (32 bytes, see [`super::page`]). Split and Merge end with `cbKey…`; their second forms add image flags and `cbImage`.

use super::image::BeforeImage;
use super::layout::{field_group, record_layout, stored_bits, stored_enum};
use super::page::PageOperation;

stored_enum! {
    /// How a page was split.
    pub struct SplitType(u8) {
        /// The root became a parent.
        VERTICAL = 0,
        /// Nodes moved to a new right sibling.
        RIGHT = 1,
        /// Only the new node goes to the new last page.
        APPEND = 2,
    }
}

stored_enum! {
    /// The leaf operation that follows a split inside its macro.
    pub struct SplitOperation(u8) {
        /// None.
        NONE = 0,
        /// An insert.
        INSERT = 1,
        /// A replace.
        REPLACE = 2,
        /// A re-insert with other data.
        FLAG_INSERT_AND_REPLACE_DATA = 3,
    }
}

stored_bits! {
    /// How a before-image is packed.
    pub struct ImageFlags(u32) {
        /// The free gap was cut out.
        DEHYDRATED = 0x01,
        /// The bytes are compressed.
        COMPRESSED = 0x02,
    }
}

field_group! {
    /// The fixed fields that both forms of a split share.
    pub struct SplitFields {
        /// The page being split.
        page: PageOperation,
        /// The new page; 0 when this level only receives the parent operation.
        new_page: u32,
        /// Old right sibling, 0 if none.
        right_page: u32,
        /// dbtime of the right sibling before; nil if none.
        right_dbtime_before: u64,
        /// Parent page, 0 at the top of the chain.
        parent_page: u32,
        /// dbtime of the parent before; nil if none.
        parent_dbtime_before: u64,
        /// Root page of the tree.
        fdp: u32,
        /// Object id of the tree.
        objid: u32,
        /// How the page was split.
        split_type: SplitType,
        /// Which leaf operation follows.
        split_operation: SplitOperation,
        /// Line of the operation.
        operation_line: u16,
        /// First line that moves to the new page.
        split_line: u16,
        /// Lines on the page, the one being inserted included.
        line_count: u16,
        /// Page flags for the new page.
        new_page_flags: u32,
        /// Page flags for the split page.
        split_page_flags: u32,
        /// Uncommitted freed bytes left on the split page.
        uncommitted_freed_source: u16,
        /// Uncommitted freed bytes on the new page.
        uncommitted_freed_destination: u16,
        /// Line chosen as new prefix of the split page, -1 for none.
        prefix_line_split: i32,
        /// Line chosen as prefix of the new page, -1 for none.
        prefix_line_new: i32,
    }
}

impl SplitFields {
    /// Whether this level is only the parent that receives the separator key.
    #[must_use]
    pub fn is_parent_level(&self) -> bool {
        self.new_page == 0
    }

    /// Whether redo needs the before-image: nodes other than the inserted one move (spec 05 §8.5).
    #[must_use]
    pub fn needs_image(&self) -> bool {
        let only_new_node_moves = self.split_operation == SplitOperation::INSERT
            && self.split_line == self.operation_line
            && self.line_count.checked_sub(1) == Some(self.operation_line);
        match self.split_type {
            _ if self.is_parent_level() => false,
            SplitType::VERTICAL => true,
            SplitType::RIGHT => !only_new_node_moves,
            _ => false,
        }
    }
}

record_layout! {
    /// A page split, old form without before-image.
    pub struct Split<'a> {
        fields {
            /// What was split and how.
            split: SplitFields,
        }
        lengths { prefix_old: u16, prefix_new: u16, parent_key: u16 }
        tail {
            /// Key to insert at the parent.
            parent_key,
            /// Old prefix of the split page.
            prefix_old,
            /// New prefix of the split page.
            prefix_new,
        }
    }
}

record_layout! {
    /// A page split with the before-image of the page where nodes move.
    pub struct Split2<'a> {
        fields {
            /// What was split and how.
            split: SplitFields,
        }
        lengths { prefix_old: u16, prefix_new: u16, parent_key: u16 }
        fields {
            /// How the image is packed.
            image_flags: ImageFlags,
        }
        lengths { image: u32 }
        tail {
            /// Key to insert at the parent.
            parent_key,
            /// Old prefix of the split page.
            prefix_old,
            /// New prefix of the split page.
            prefix_new,
            /// The page before the move, its dbtime already the new one; empty where none is needed.
            image,
        }
    }
}

impl<'a> Split2<'a> {
    /// The page before nodes moved, where the record has one.
    #[must_use]
    pub fn before_image(&self) -> Option<BeforeImage<'a>> {
        BeforeImage::new(self.image, self.image_flags)
    }
}

stored_enum! {
    /// How pages were merged.
    pub struct MergeType(u8) {
        /// Nothing merged at this level.
        NONE = 0,
        /// An empty page left the tree.
        EMPTY_PAGE = 1,
        /// All nodes went to the right sibling.
        FULL_RIGHT = 2,
        /// Some nodes went to the right sibling.
        PARTIAL_RIGHT = 3,
        /// The tree became empty.
        EMPTY_TREE = 4,
        /// All nodes went to the left sibling.
        FULL_LEFT = 5,
        /// Some nodes went to the left sibling.
        PARTIAL_LEFT = 6,
        /// A page move; never in this record.
        PAGE_MOVE = 7,
    }
}

stored_bits! {
    /// What a merge does at its level.
    pub struct MergeFlags(u8) {
        /// The separator key changes at this level.
        KEY_CHANGE = 0x01,
        /// The node that points to the child goes.
        DELETE_NODE = 0x02,
        /// The page becomes empty.
        EMPTY_PAGE = 0x04,
    }
}

field_group! {
    /// The fixed fields that both forms of a merge share.
    pub struct MergeFields {
        /// The page merged away, or the page on the path at upper levels.
        page: PageOperation,
        /// Right sibling, 0 if none.
        right_page: u32,
        /// dbtime of the right sibling before; nil if none.
        right_dbtime_before: u64,
        /// Left sibling, 0 if none.
        left_page: u32,
        /// dbtime of the left sibling before; nil if none.
        left_dbtime_before: u64,
        /// Parent page, 0 at the top.
        parent_page: u32,
        /// dbtime of the parent before; nil if none.
        parent_dbtime_before: u64,
        /// Root page of the tree.
        fdp: u32,
        /// Object id of the tree.
        objid: u32,
        /// Bytes of the nodes that move.
        size_total: u16,
        /// The same with reserved space.
        max_size_total: u16,
        /// Uncommitted freed bytes of the destination.
        uncommitted_freed_destination: u16,
        /// First line that moves.
        merge_line: u16,
        /// What happens at this level.
        flags: MergeFlags,
        /// How pages are merged.
        merge_type: MergeType,
    }
}

impl MergeFields {
    /// Whether redo needs the before-image (spec 05 §8.7).
    #[must_use]
    pub fn needs_image(&self) -> bool {
        [MergeType::FULL_RIGHT, MergeType::PARTIAL_RIGHT, MergeType::FULL_LEFT, MergeType::PARTIAL_LEFT]
            .contains(&self.merge_type)
    }
}

record_layout! {
    /// A page merge, old form without before-image.
    pub struct Merge<'a> {
        fields {
            /// What was merged and how.
            merge: MergeFields,
        }
        lengths { separator_key: u16 }
        tail {
            /// The new separator key.
            separator_key,
        }
    }
}

record_layout! {
    /// A page merge with the before-image of the page.
    pub struct Merge2<'a> {
        fields {
            /// What was merged and how.
            merge: MergeFields,
        }
        lengths { separator_key: u16 }
        fields {
            /// How the image is packed.
            image_flags: ImageFlags,
        }
        lengths { image: u32 }
        tail {
            /// The new separator key.
            separator_key,
            /// The page before the merge, its dbtime already the new one; empty where none is needed.
            image,
        }
    }
}

impl<'a> Merge2<'a> {
    /// The page before nodes moved, where the record has one.
    #[must_use]
    pub fn before_image(&self) -> Option<BeforeImage<'a>> {
        BeforeImage::new(self.image, self.image_flags)
    }
}

stored_bits! {
    /// Which page of a tree a PageMove moves; no bit for an ordinary page.
    pub struct PageMoveFlags(u32) {
        /// The root.
        ROOT = 0x01,
        /// The root of the owned-extents tree.
        OWNED_EXTENTS_ROOT = 0x02,
        /// The root of the available-extents tree.
        AVAILABLE_EXTENTS_ROOT = 0x04,
    }
}

record_layout! {
    /// A page moved to another place.
    pub struct PageMove<'a> {
        fields {
            /// The source page.
            page: PageOperation,
            /// Where it goes.
            destination_page: u32,
            /// Left sibling, 0 if none.
            left_page: u32,
            /// Right sibling, 0 if none.
            right_page: u32,
            /// Parent, 0 when a root moves.
            parent_page: u32,
            /// dbtime of the left sibling before; 0 if none.
            left_dbtime_before: u64,
            /// dbtime of the right sibling before; 0 if none.
            right_dbtime_before: u64,
            /// dbtime of the parent before.
            parent_dbtime_before: u64,
            /// Root page of the tree.
            fdp: u32,
            /// Object id of the tree.
            objid: u32,
            /// Line of the parent that points here, -1 when a root moves.
            parent_line: i32,
            /// Which page of the tree it is.
            move_flags: PageMoveFlags,
        }
        lengths { header: u32, trailer: u32 }
        tail {
            /// The first bytes of the compacted source page.
            header,
            /// Its last bytes; what lies between is free space.
            trailer,
        }
    }
}

record_layout! {
    /// A page is about to be initialised as new.
    pub struct NewPage {
        fields {
            /// Session number.
            procid: u16,
            /// Database number.
            dbid: u8,
            /// The page.
            page_number: u32,
            /// Object it will belong to.
            objid: u32,
            /// dbtime it will have.
            dbtime: u64,
        }
    }
}

record_layout! {
    /// First record of a macro that moves a whole tree's root and space roots.
    pub struct RootPageMove {
        fields {
            /// dbtime of the macro.
            dbtime: u64,
            /// Database number.
            dbid: u8,
            /// The tree.
            objid: u32,
            /// Session number.
            procid: u16,
        }
    }
}

record_layout! {
    /// A tree with its own space trees was made.
    pub struct CreateMultipleExtentFdp {
        fields {
            /// The new root.
            page: PageOperation,
            /// Object id of the new tree.
            objid: u32,
            /// Root of the owned-extents tree.
            owned_extents_page: u32,
            /// Root of the available-extents tree.
            available_extents_page: u32,
            /// Root of the parent tree, 0 for the database root.
            parent_fdp: u32,
            /// Pages of the first extent.
            primary_pages: i32,
            /// Page flags.
            page_flags: u32,
        }
    }
}

record_layout! {
    /// A tree with one extent was made.
    pub struct CreateSingleExtentFdp {
        fields {
            /// The new root.
            page: PageOperation,
            /// Object id of the new tree.
            objid: u32,
            /// Root of the parent tree.
            parent_fdp: u32,
            /// Pages of the extent.
            primary_pages: i32,
            /// Page flags.
            page_flags: u32,
        }
    }
}

field_group! {
    /// The fixed fields that both forms of the conversion share.
    pub struct ConvertFields {
        /// The root of the tree.
        page: PageOperation,
        /// Object id of the tree.
        objid: u32,
        /// Root of the new owned-extents tree.
        owned_extents_page: u32,
        /// Root of the new available-extents tree.
        available_extents_page: u32,
        /// Root of the parent tree.
        parent_fdp: u32,
        /// First page of the second extent.
        secondary_first_page: u32,
        /// Pages of the first extent.
        primary_pages: i32,
        /// Pages of the second extent.
        secondary_pages: i32,
    }
}

record_layout! {
    /// A single-extent tree got space trees, old form.
    pub struct ConvertFdp {
        fields {
            /// What was converted.
            convert: ConvertFields,
        }
    }
}

record_layout! {
    /// A single-extent tree got space trees.
    pub struct ConvertFdp2 {
        fields {
            /// What was converted.
            convert: ConvertFields,
            /// Bitmap of the single extent's free pages.
            available_bitmap: u32,
            /// Page flags.
            page_flags: u32,
        }
    }
}

record_layout! {
    /// A damaged page asks for a copy from elsewhere.
    pub struct PagePatchRequest {
        fields {
            /// Database number.
            dbid: u8,
            /// The page.
            page_number: u32,
            /// Current dbtime.
            dbtime: u64,
            /// Zero.
            reserved: [u8; 32],
        }
    }
}

/// The page number that says "this pass of the scan is over" in a scan check.
pub const SCAN_PASS_FINISHED: u32 = 0xFFFF_FFFE;

record_layout! {
    /// What the database scan found on a page, first form (a frame of 39 bytes).
    pub struct ScanCheck {
        fields {
            /// Database number.
            dbid: u8,
            /// The page, or [`SCAN_PASS_FINISHED`].
            page_number: u32,
            /// Zero.
            unused_first: u64,
            /// Zero.
            unused_second: u64,
            /// dbtime of the page.
            page_dbtime: u64,
            /// Current dbtime of the database.
            current_dbtime: u64,
            /// Check value of the page.
            checksum: u16,
        }
    }
}

stored_bits! {
    /// Who checked a page and what it was.
    pub struct ScanCheckFlags(u8) {
        /// The database scan.
        SOURCE_SCAN = 0x01,
        /// A shrink.
        SOURCE_SHRINK = 0x02,
        /// The tree is being deleted.
        FDP_DELETE = 0x20,
        /// The page is empty.
        EMPTY_PAGE = 0x40,
        /// The page's objid is not valid.
        OBJID_INVALID = 0x80,
    }
}

record_layout! {
    /// What the database scan found on a page.
    pub struct ScanCheck2 {
        fields {
            /// Database number.
            dbid: u8,
            /// The page, or [`SCAN_PASS_FINISHED`].
            page_number: u32,
            /// Source (bits 0–1) and kind of page.
            flags: ScanCheckFlags,
            /// dbtime of the page.
            page_dbtime: u64,
            /// Current dbtime of the database.
            current_dbtime: u64,
            /// Check value of the page.
            checksum: u32,
        }
    }
}

stored_bits! {
    /// What was freed.
    pub struct ExtentFreedFlags(u8) {
        /// The root page of a table.
        TABLE_ROOT = 0x01,
        /// Empty pages of a deleted tree.
        EMPTY_PAGES = 0x02,
    }
}

field_group! {
    /// A freed run of pages.
    pub struct FreedExtent {
        /// Database number.
        dbid: u8,
        /// First page.
        first_page: u32,
        /// Number of pages.
        page_count: i32,
        /// What was freed.
        flags: ExtentFreedFlags,
    }
}

record_layout! {
    /// Pages were freed (for revert snapshots only).
    pub struct ExtentFreed {
        fields {
            /// Which.
            extent: FreedExtent,
        }
    }
}

record_layout! {
    /// Pages were freed (for revert snapshots only).
    pub struct ExtentFreed2 {
        fields {
            /// Which.
            extent: FreedExtent,
            /// At which dbtime.
            dbtime: u64,
        }
    }
}

stored_enum! {
    /// What a FreeFdp freed.
    pub struct FreedTree(u8) {
        /// A table.
        TABLE = 1,
        /// An index.
        INDEX = 2,
    }
}

record_layout! {
    /// A tree was freed: readers of the log drop its cached schema (a frame of 10 bytes).
    pub struct FreeFdp {
        fields {
            /// Database number.
            dbid: u8,
            /// Root page of the tree.
            fdp: u32,
            /// The committed transaction.
            trx_committed: u32,
            /// Table or index.
            tree: FreedTree,
        }
    }
}
