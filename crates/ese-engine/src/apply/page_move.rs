//! A page moves to another place (spec 06 §9.8, spec 02 §10.5–10.6).

use ese_format::log::record::PageMove;
use ese_format::page::PageMut;
use ese_format::page_size::PageSize;
use ese_format::space::{RootHeader, Space};

use super::create::set_space;
use super::{ApplyResult, contradiction, on_page};

/// The pages of a move; those that need the change.
#[derive(Debug, Default)]
pub struct MovePages<'p, 'b> {
    /// Where the content is.
    pub source: Option<&'p mut PageMut<'b>>,
    /// Where it goes.
    pub destination: Option<&'p mut PageMut<'b>>,
    /// The parent, when no root moves.
    pub parent: Option<&'p mut PageMut<'b>>,
    /// The left sibling.
    pub left: Option<&'p mut PageMut<'b>>,
    /// The right sibling.
    pub right: Option<&'p mut PageMut<'b>>,
}

/// Moves a page. `destination` needs `source`.
///
/// # Errors
/// [`super::ApplyError`] when the pages are not those the record was made for.
pub fn page_move(record: &PageMove<'_>, pages: MovePages<'_, '_>) -> ApplyResult {
    let (number, dbtime) = (record.page.page_number, record.page.dbtime);
    let MovePages { source, destination, parent, left, right } = pages;
    if let Some(destination) = destination {
        let Some(source) = &source else {
            return contradiction(number, "a page move lacks the page it copies");
        };
        destination.load(source.bytes())?;
        destination.set_dbtime(dbtime);
    }
    if let Some(source) = source {
        source.empty();
        source.set_dbtime(dbtime);
    }
    if let Some(parent) = parent {
        let parent_number = parent.view().number();
        let Ok(line) = usize::try_from(record.parent_line) else {
            return contradiction(parent_number, "a page move names no line of the parent");
        };
        let node = parent.view().node(line)?;
        if node.child_page()? != number {
            return contradiction(parent_number, "the parent of a moved page does not point to it");
        }
        let flags = node.flags;
        let pointer = record.destination_page.to_le_bytes();
        parent.replace_data(line, &pointer, flags).map_err(on_page(parent_number))?;
        parent.set_dbtime(dbtime);
    }
    if let Some(left) = left {
        left.set_next(record.destination_page);
        left.set_dbtime(dbtime);
    }
    if let Some(right) = right {
        right.set_previous(record.destination_page);
        right.set_dbtime(dbtime);
    }
    Ok(())
}

/// The source of a move as the record keeps it: its first and last bytes with zeros between. Whether that is a page is
/// still to be checked.
///
/// # Errors
/// [`super::ApplyError`] when the two parts are longer than a page.
pub fn move_source_image(record: &PageMove<'_>, size: PageSize) -> ApplyResult<Vec<u8>> {
    let number = record.page.page_number;
    let taken = record.header.len().saturating_add(record.trailer.len());
    let Some(gap) = size.bytes().checked_sub(taken) else {
        return contradiction(number, "the image of a moved page is longer than a page");
    };
    let mut image = record.header.to_vec();
    image.resize(record.header.len() + gap, 0);
    image.extend_from_slice(record.trailer);
    Ok(image)
}

/// Tells a moved root where the root of its owned-extent tree moved.
///
/// # Errors
/// [`super::ApplyError`] when the root has no space trees.
pub fn set_owned_extents_root(root: &mut PageMut<'_>, owned_root: u32) -> ApplyResult {
    let number = root.view().number();
    let header = RootHeader::decode(root.view().external_header()?)?;
    match header.space.map(|space| space.space()).transpose()? {
        Some(Space::Multiple { owned_root: old, .. }) if old == owned_root => Ok(()),
        Some(Space::Multiple { growth, .. }) => set_space(root, Space::Multiple { owned_root, growth }),
        _ => contradiction(number, "a moved root has no space trees"),
    }
}
