//! New pages, new trees, a tree's change to space trees of its own, and a tree that loses its pages (spec 06 §9.8).

use ese_format::log::record::{
    ConvertFdp2, CreateMultipleExtentFdp, CreateSingleExtentFdp, NewPage, PageOperationFlags,
};
use ese_format::node::{KeyRef, NodeFlags, NodeImage};
use ese_format::page::{PageFlags, PageMut, ReservedTagForm};
use ese_format::space::{
    BITMAP_PAGES, EXTENT_LAST_PAGE_MAX, Extent, ExtentNode, Growth, NonUnique, Pool, RootHeader, Space,
    SpaceHeader, SplitBuffer,
};

use super::{ApplyResult, contradiction, logged_flags, on_page};

/// Makes a page an allocated one that is not in use yet, whatever it held.
pub fn new_page(record: &NewPage, page: &mut PageMut<'_>) {
    page.reallocate(record.objid, record.dbtime);
}

/// Makes a page a page in use without lines, whatever it held.
pub(super) fn start_page(
    page: &mut PageMut<'_>,
    objid: u32,
    dbtime: u64,
    flags: PageFlags,
    form: ReservedTagForm,
) -> ApplyResult {
    page.reallocate(objid, dbtime);
    page.consume(flags, form).map_err(on_page(page.view().number()))
}

/// Bits of the pages behind the root of a new tree: all of them are free (spec 02 §12.2).
fn all_free(pages: u32) -> u32 {
    if pages > BITMAP_PAGES { u32::MAX } else { (1_u32 << pages.saturating_sub(1)) - 1 }
}

fn page_count(page: u32, pages: i32) -> ApplyResult<u32> {
    match u32::try_from(pages) {
        Ok(pages) if pages > 0 && pages <= EXTENT_LAST_PAGE_MAX - page.min(EXTENT_LAST_PAGE_MAX) => Ok(pages),
        _ => contradiction(page, "an extent of a record has an impossible number of pages"),
    }
}

fn uniqueness(flags: PageOperationFlags) -> NonUnique {
    if flags.contains(PageOperationFlags::UNIQUE) { NonUnique::No } else { NonUnique::Yes }
}

/// Builds the root of a tree with one extent.
///
/// # Errors
/// [`super::ApplyError`] for an impossible number of pages.
pub fn create_single_extent_fdp(
    record: &CreateSingleExtentFdp,
    page: &mut PageMut<'_>,
    form: ReservedTagForm,
) -> ApplyResult {
    let number = page.view().number();
    let pages = page_count(number, record.primary_pages)?;
    let flags = logged_flags(record.page_flags) | PageFlags::ROOT | PageFlags::LEAF;
    let space = Space::Single { pages, free: all_free(pages) };
    let header = SpaceHeader::new(space, record.parent_fdp, uniqueness(record.page.flags));
    start_page(page, record.objid, record.page.dbtime, flags, form)?;
    page.set_external_header(&[&RootHeader::bare(header).encode()]).map_err(on_page(number))
}

/// The three pages of a new tree with space trees; those that need the change.
#[derive(Debug, Default)]
pub struct CreatePages<'p, 'b> {
    /// The root.
    pub root: Option<&'p mut PageMut<'b>>,
    /// Root of the owned-extent tree.
    pub owned: Option<&'p mut PageMut<'b>>,
    /// Root of the available-extent tree.
    pub available: Option<&'p mut PageMut<'b>>,
}

/// Builds the roots of a tree and of its space trees.
///
/// # Errors
/// [`super::ApplyError`] for an impossible number of pages.
pub fn create_multiple_extent_fdp(
    record: &CreateMultipleExtentFdp,
    pages: CreatePages<'_, '_>,
    form: ReservedTagForm,
) -> ApplyResult {
    let (number, dbtime, objid) = (record.page.page_number, record.page.dbtime, record.objid);
    let primary = page_count(number, record.primary_pages)?;
    let flags = logged_flags(record.page_flags) | PageFlags::ROOT | PageFlags::LEAF;
    if let Some(root) = pages.root {
        let growth = Growth::Primary(primary);
        let space = Space::Multiple { owned_root: record.owned_extents_page, growth };
        let header = SpaceHeader::new(space, record.parent_fdp, uniqueness(record.page.flags));
        start_page(root, objid, dbtime, flags, form)?;
        root.set_external_header(&[&RootHeader::bare(header).encode()]).map_err(on_page(number))?;
    }
    let last = number + primary - 1;
    if let Some(owned) = pages.owned {
        let extents = [Extent { last, count: primary }];
        start_space_root(owned, objid, dbtime, flags, form, &extents)?;
    }
    if let Some(available) = pages.available {
        // Root, owned-extent root and available-extent root are the first three.
        let free = primary.saturating_sub(3);
        let extents = [Extent { last, count: free }];
        start_space_root(
            available,
            objid,
            dbtime,
            flags,
            form,
            extents.get(..usize::from(free > 0)).unwrap_or_default(),
        )?;
    }
    Ok(())
}

/// Builds the root of a space tree with these extents, in the order of their last pages.
fn start_space_root(
    page: &mut PageMut<'_>,
    objid: u32,
    dbtime: u64,
    flags: PageFlags,
    form: ReservedTagForm,
    extents: &[Extent],
) -> ApplyResult {
    let number = page.view().number();
    start_page(page, objid, dbtime, flags | PageFlags::SPACE_TREE, form)?;
    page.set_external_header(&[&SplitBuffer::default().encode()]).map_err(on_page(number))?;
    for (line, extent) in extents.iter().enumerate() {
        let node = ExtentNode { extent: *extent, pool: Pool::General };
        let (key, data) = (node.key(), node.data());
        let Ok(image) = NodeImage::for_page(KeyRef::from(&key[..]), &data, &[]) else {
            return contradiction(number, "an extent's key is too long");
        };
        let mut counts = [0; 4];
        page.insert_line(line, &image.parts(&mut counts), NodeFlags::empty()).map_err(on_page(number))?;
    }
    Ok(())
}

/// The pages of a conversion to space trees; those that need the change.
#[derive(Debug, Default)]
pub struct ConvertPages<'p, 'b> {
    /// The root.
    pub root: Option<&'p mut PageMut<'b>>,
    /// Root of the new owned-extent tree.
    pub owned: Option<&'p mut PageMut<'b>>,
    /// Root of the new available-extent tree.
    pub available: Option<&'p mut PageMut<'b>>,
}

/// Gives a tree with one extent space trees of its own.
///
/// # Errors
/// [`super::ApplyError`] for an impossible number of pages, or a root without a space header.
pub fn convert_fdp(record: &ConvertFdp2, pages: ConvertPages<'_, '_>, form: ReservedTagForm) -> ApplyResult {
    let convert = &record.convert;
    let (number, dbtime, objid) = (convert.page.page_number, convert.page.dbtime, convert.objid);
    let primary = page_count(number, convert.primary_pages)?;
    let secondary = page_count(convert.secondary_first_page, convert.secondary_pages)?;
    if let Some(root) = pages.root {
        let growth = Growth::Primary(primary);
        set_space(root, Space::Multiple { owned_root: convert.owned_extents_page, growth })?;
        root.set_dbtime(dbtime);
    }
    let kind = logged_flags(record.page_flags) - PageFlags::PARENT_OF_LEAF;
    let flags = kind | PageFlags::ROOT | PageFlags::LEAF;
    let (last, second_last) = (number + primary - 1, convert.secondary_first_page + secondary - 1);
    if let Some(owned) = pages.owned {
        let mut extents = [Extent { last, count: primary }, Extent { last: second_last, count: secondary }];
        extents.sort_unstable();
        start_space_root(owned, objid, dbtime, flags, form, &extents)?;
    }
    if let Some(available) = pages.available {
        let mut extents = free_runs(number, primary, record.available_bitmap);
        // The two roots are the first pages of the second extent.
        extents.extend((secondary > 2).then(|| Extent { last: second_last, count: secondary - 2 }));
        extents.sort_unstable();
        start_space_root(available, objid, dbtime, flags, form, &extents)?;
    }
    Ok(())
}

/// The free pages behind a root as runs: those of the bitmap, and all that have no bit (spec 02 §13.5).
fn free_runs(root: u32, pages: u32, free: u32) -> Vec<Extent> {
    let mut runs: Vec<Extent> = Vec::new();
    let behind = pages.saturating_sub(1);
    for bit in (0..behind.min(BITMAP_PAGES)).filter(|bit| free >> bit & 1 == 1) {
        let page = root + 1 + bit;
        match runs.last_mut() {
            Some(run) if run.last + 1 == page => *run = Extent { last: page, count: run.count + 1 },
            _ => runs.push(Extent { last: page, count: 1 }),
        }
    }
    if behind > BITMAP_PAGES {
        let (last, count) = (root + behind, behind - BITMAP_PAGES);
        match runs.last_mut() {
            Some(run) if run.last == root + BITMAP_PAGES => *run = Extent { last, count: run.count + count },
            _ => runs.push(Extent { last, count }),
        }
    }
    runs
}

/// Changes what the header of a root says of its space; parent, uniqueness and the extended part stay.
pub(super) fn set_space(root: &mut PageMut<'_>, space: Space) -> ApplyResult {
    let number = root.view().number();
    let mut header = RootHeader::decode(root.view().external_header()?)?;
    let Some(old) = header.space else { return contradiction(number, "a root has no space header") };
    let non_unique = if old.flags().contains(ese_format::space::SpaceFlags::NON_UNIQUE) {
        NonUnique::Yes
    } else {
        NonUnique::No
    };
    header.space = Some(SpaceHeader::new(space, old.parent.get(), non_unique));
    root.set_external_header(&[&header.encode()]).map_err(on_page(number))
}

/// Empties a page of a tree that lost its pages (EmptyTree).
pub fn empty_tree_page(page: &mut PageMut<'_>, dbtime: u64) {
    page.empty();
    page.set_dbtime(dbtime);
}

/// Makes the root of a tree that lost its pages a leaf without nodes (EmptyTree).
///
/// # Errors
/// [`super::ApplyError`] when the root has not exactly one line.
pub fn empty_tree_root(page: &mut PageMut<'_>, dbtime: u64) -> ApplyResult {
    let (number, flags) = (page.view().number(), page.view().flags());
    if page.view().line_count() != 1 || flags.contains(PageFlags::LEAF) || !flags.contains(PageFlags::ROOT) {
        return contradiction(
            number,
            "the root of an emptied tree has other lines than the one to its child",
        );
    }
    page.delete_line(0).map_err(on_page(number))?;
    page.set_flags((flags - PageFlags::PARENT_OF_LEAF) | PageFlags::LEAF);
    page.set_dbtime(dbtime);
    Ok(())
}
