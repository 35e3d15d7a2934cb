//! Overwriting what a page no longer needs (spec 05 §8.3 Scrub, spec 01 §10.3).

use ese_format::log::record::{Scrub, ScrubFlags};
use ese_format::page::{PageFlags, PageMut};

use super::{ApplyResult, contradiction, on_page};

/// Operation on a node of a used page: nothing.
const NONE: u8 = 0;
/// Deleted data is overwritten with `D`.
const DATA: u8 = 1;
/// A chunk of a deleted long value is overwritten with `L`.
const LONG_VALUE: u8 = 2;

/// Overwrites an unused page, or the nodes of a used one that the record lists, and its free bytes.
///
/// # Errors
/// [`super::ApplyError`] when the list does not fit the page.
pub fn scrub(record: &Scrub<'_>, page: &mut PageMut<'_>) -> ApplyResult {
    let number = page.view().number();
    let Some(operations) = record.operations() else {
        return contradiction(number, "a scrub lists more operations than it holds");
    };
    if page.view().tag_count() > 0 {
        if record.flags.contains(ScrubFlags::UNUSED_PAGE) {
            page.clear();
        } else {
            scrub_nodes(operations, page)?;
            page.reorganise().map_err(on_page(number))?;
        }
    }
    page.set_dbtime(record.node.page.dbtime);
    let flags = page.view().flags();
    if !flags.contains(PageFlags::PRE_INIT) {
        page.set_flags(flags | PageFlags::SCRUBBED);
    }
    Ok(())
}

fn scrub_nodes(operations: &[u8], page: &mut PageMut<'_>) -> ApplyResult {
    let number = page.view().number();
    if operations.len() > page.view().line_count() {
        return contradiction(number, "a scrub lists more nodes than the page has");
    }
    for (line, operation) in operations.iter().enumerate() {
        let filler = match *operation {
            NONE => continue,
            DATA => b'D',
            LONG_VALUE => b'L',
            _ => return contradiction(number, "an unknown scrub operation"),
        };
        let filler = vec![filler; page.view().node(line)?.data.len()];
        page.overwrite_data(line, 0, &filler).map_err(on_page(number))?;
    }
    Ok(())
}
