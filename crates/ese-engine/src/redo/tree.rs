//! Redo of new pages, new trees, conversions, emptied trees and scrubs (spec 06 §9.8).

use ese_format::log::record::{ConvertFdp2, CreateMultipleExtentFdp, EmptyTree, Record};

use super::access::{Access, Change};
use super::database::{RedoDatabase, RedoPage, RedoPages};
use super::node::{at_record, check_tree};
use super::structure::check_distinct;
use super::{At, RedoCounts};
use crate::apply::{self, ConvertPages, CreatePages};
use crate::error::Result;

/// Repeats one of these records.
pub(super) fn redo<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &Record<'_>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let form = database.reserved_tags();
    match record {
        Record::NewPage(new) => {
            if let Access::Needed(mut page) = database.built(counts, at, new.page_number, new.dbtime)? {
                apply::new_page(new, &mut page.page());
                page.mark_changed(at.position, at.start);
            }
        }
        Record::CreateSingleExtentFdp(create) => {
            let built = database.built(counts, at, create.page.page_number, create.page.dbtime)?;
            if let Access::Needed(mut page) = built {
                apply::create_single_extent_fdp(create, &mut page.page(), form)
                    .map_err(|error| at_record(error, at))?;
                page.mark_changed(at.position, at.start);
            }
        }
        Record::CreateMultipleExtentFdp(create) => create_multiple(counts, at, create, database)?,
        Record::ConvertFdp2(convert) => convert_fdp(counts, at, convert, database)?,
        Record::EmptyTree(empty) => empty_tree(counts, at, empty, database)?,
        Record::Scrub(scrub) => {
            let page = &scrub.node.page;
            let change = Change { page: page.page_number, before: page.dbtime_before, after: page.dbtime };
            if let Access::Needed(mut page) = database.existing(counts, at, change)? {
                apply::scrub(scrub, &mut page.page()).map_err(|error| at_record(error, at))?;
                page.mark_changed(at.position, at.start);
            }
        }
        _ => {}
    }
    Ok(())
}

fn mark_all<G: RedoPage>(pages: &mut [Access<G>], at: At) {
    for page in pages.iter_mut().filter_map(Access::needed) {
        page.mark_changed(at.position, at.start);
    }
}

fn create_multiple<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &CreateMultipleExtentFdp,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let named = [record.page.page_number, record.owned_extents_page, record.available_extents_page];
    check_distinct(at, &named)?;
    let after = record.page.dbtime;
    let [root, owned, available] = named;
    let mut pages = [
        database.built(counts, at, root, after)?,
        database.built(counts, at, owned, after)?,
        database.built(counts, at, available, after)?,
    ];
    let mut now = pages.each_mut().map(|access| access.needed().map(RedoPage::page));
    let [root, owned, available] = &mut now;
    let changed = CreatePages { root: root.as_mut(), owned: owned.as_mut(), available: available.as_mut() };
    apply::create_multiple_extent_fdp(record, changed, database.reserved_tags())
        .map_err(|error| at_record(error, at))?;
    mark_all(&mut pages, at);
    Ok(())
}

fn convert_fdp<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &ConvertFdp2,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let convert = &record.convert;
    let named = [convert.page.page_number, convert.owned_extents_page, convert.available_extents_page];
    check_distinct(at, &named)?;
    let after = convert.page.dbtime;
    let [root, owned, available] = named;
    let change = Change { page: root, before: convert.page.dbtime_before, after };
    let mut pages = [
        database.existing(counts, at, change)?,
        database.built(counts, at, owned, after)?,
        database.built(counts, at, available, after)?,
    ];
    let mut now = pages.each_mut().map(|access| access.needed().map(RedoPage::page));
    let [root, owned, available] = &mut now;
    let changed = ConvertPages { root: root.as_mut(), owned: owned.as_mut(), available: available.as_mut() };
    apply::convert_fdp(record, changed, database.reserved_tags()).map_err(|error| at_record(error, at))?;
    mark_all(&mut pages, at);
    Ok(())
}

fn empty_tree<P: RedoPages>(
    counts: &mut RedoCounts,
    at: At,
    record: &EmptyTree<'_>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let after = record.node.page.dbtime;
    for emptied in record.pages() {
        let change = Change { page: emptied.page_number, before: emptied.dbtime_before, after };
        if let Access::Needed(mut page) = database.existing(counts, at, change)? {
            check_tree(&page, &record.node, at)?;
            apply::empty_tree_page(&mut page.page(), after);
            page.mark_changed(at.position, at.start);
        }
    }
    let root = &record.node.page;
    let change = Change { page: root.page_number, before: root.dbtime_before, after };
    if let Access::Needed(mut page) = database.existing(counts, at, change)? {
        check_tree(&page, &record.node, at)?;
        apply::empty_tree_root(&mut page.page(), after).map_err(|error| at_record(error, at))?;
        page.mark_changed(at.position, at.start);
    }
    Ok(())
}
