//! Catalog and shadow: the same rows twice (spec 03 §2).

use ese_format::catalog::{CatalogRow, RowKind};
use ese_format::error::JetError;
use ese_format::record::RecordView;

use crate::btree::{Tree, TreeCursor};
use crate::error::Result;
use crate::verify::report::{Place, VerifyReport};

/// Compares the live nodes of both trees.
pub(super) fn compare(catalog: &Tree, shadow: &Tree, report: &mut VerifyReport) {
    let place = Place::table("MSysObjectsShadow");
    if let Err(error) = compare_rows(catalog, shadow, &place, report) {
        report.failed(&place, &error);
    }
}

fn compare_rows(catalog: &Tree, shadow: &Tree, place: &Place, report: &mut VerifyReport) -> Result<()> {
    let (mut left, mut right) = (catalog.cursor(), shadow.cursor());
    let mut rows = 0u64;
    let (mut in_catalog, mut in_shadow) = (left.move_next()?, right.move_next()?);
    if in_catalog && !in_shadow {
        let what = "the shadow of the catalog is empty: made by an engine that kept none";
        report.warn(place, Some(shadow.root()), JetError::CATALOG_CORRUPTED, what);
        return Ok(());
    }
    loop {
        rows += 1;
        match (in_catalog, in_shadow) {
            (true, true) => {}
            (false, false) => return Ok(()),
            (more, _) => {
                let longer = if more { "catalog" } else { "shadow" };
                let what = format!("the {longer} goes on behind row {rows}, the other one ends there");
                report.damage_on(place, shadow.root(), JetError::CATALOG_CORRUPTED, what);
                return Ok(());
            }
        }
        if !are_equal(&left, &right)? {
            let page = right.position().map_or(shadow.root(), |(page, _)| page.number());
            let what = format!("row {rows} of the shadow is not that of the catalog");
            report.damage_on(place, page, JetError::CATALOG_CORRUPTED, what);
            return Ok(());
        }
        (in_catalog, in_shadow) = (left.move_next()?, right.move_next()?);
    }
}

/// Whether both cursors are on the same row. Statistics are kept in the catalog alone (spec 03 §6.1).
fn are_equal(left: &TreeCursor, right: &TreeCursor) -> Result<bool> {
    let (Some(in_catalog), Some(in_shadow)) = (left.node()?, right.node()?) else { return Ok(false) };
    if in_catalog.key() != in_shadow.key() || in_catalog.data == in_shadow.data {
        return Ok(in_catalog.key() == in_shadow.key());
    }
    Ok(row_without_statistics(left)? == row_without_statistics(right)?)
}

fn row_without_statistics(cursor: &TreeCursor) -> Result<Option<CatalogRow>> {
    let (Some(node), Some((page, _))) = (cursor.node()?, cursor.position()) else { return Ok(None) };
    let row = RecordView::parse(node.data, page.record_format()).and_then(|view| CatalogRow::decode(&view));
    let mut row = row.map_err(|error| cursor.tree().file().format_error(error.on_page(page.number())))?;
    match &mut row.kind {
        RowKind::Table(table) => table.stats = None,
        RowKind::Index(index) => index.stats = None,
        _ => {}
    }
    Ok(Some(row))
}
