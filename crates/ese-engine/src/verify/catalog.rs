//! Catalog and shadow: the same rows twice (spec 03 §2).

use ese_format::error::JetError;

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

fn are_equal(left: &TreeCursor, right: &TreeCursor) -> Result<bool> {
    let (Some(left), Some(right)) = (left.node()?, right.node()?) else { return Ok(false) };
    Ok(left.key() == right.key() && left.data == right.data)
}
