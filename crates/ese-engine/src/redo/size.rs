//! Redo of the file's growing and shrinking (spec 06 §9.8).

use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Record, ShrinkFields};
use ese_format::page::PAGE_NUMBER_MAX;

use super::database::{RedoDatabase, RedoPage, RedoPages, RedoTarget};
use super::{DBTIME_REVERTED, DBTIME_SHRUNK, log_corrupted};
use crate::error::Result;

/// Repeats ExtendDB, ShrinkDB, ShrinkDB2, ShrinkDB3, TrimDB and ExtentFreed, outside of any transaction.
pub(super) fn change<T: RedoTarget>(position: Lgpos, record: &Record<'_>, target: &mut T) -> Result<()> {
    let dbid = match record {
        Record::ExtendDb(extend) => extend.dbid,
        Record::ShrinkDb(shrink) | Record::ShrinkDb2(shrink) => shrink.shrink.dbid,
        Record::ShrinkDb3(shrink) => shrink.shrink.dbid,
        Record::TrimDb(trim) => trim.dbid,
        Record::ExtentFreed(freed) => freed.extent.dbid,
        Record::ExtentFreed2(freed) => freed.extent.dbid,
        _ => return Ok(()),
    };
    let Some(database) = target.database(dbid) else { return Ok(()) };
    if position <= database.attached() {
        return Ok(());
    }
    match record {
        Record::ExtendDb(extend) => {
            let pages = checked_pages(position, extend.last_page)?;
            if database.pages().page_count() < pages {
                database.pages().set_page_count(pages)?;
            }
            database.set_last_resize(position);
            Ok(())
        }
        Record::ShrinkDb(shrink) | Record::ShrinkDb2(shrink) => {
            shrink_file(position, &shrink.shrink, None, database)
        }
        Record::ShrinkDb3(shrink) => shrink_file(position, &shrink.shrink, Some(shrink.dbtime), database),
        Record::TrimDb(trim) => {
            database
                .maps
                .clear(trim.first_page, trim.first_page.saturating_add(trim.page_count).saturating_sub(1));
            Ok(())
        }
        Record::ExtentFreed(freed) => {
            clear_reverted(freed.extent.first_page, freed.extent.page_count, database)
        }
        Record::ExtentFreed2(freed) => {
            clear_reverted(freed.extent.first_page, freed.extent.page_count, database)
        }
        _ => Ok(()),
    }
}

fn checked_pages(position: Lgpos, pages: u32) -> Result<u32> {
    if pages > PAGE_NUMBER_MAX {
        Err(log_corrupted(position, "a file of an impossible size"))
    } else {
        Ok(pages)
    }
}

fn clear_reverted<P>(first: u32, count: i32, database: &mut RedoDatabase<P>) -> Result<()> {
    if let Ok(count @ 1..) = u32::try_from(count) {
        database.maps.clear_reverted(first, first.saturating_add(count - 1));
    }
    Ok(())
}

/// Cuts the file off. Where a later resize is recorded already, its pages may be of a later time: they are only marked
/// as cut off where they are older than the shrink.
fn shrink_file<P: RedoPages>(
    position: Lgpos,
    shrink: &ShrinkFields,
    dbtime: Option<u64>,
    database: &mut RedoDatabase<P>,
) -> Result<()> {
    let last = checked_pages(position, shrink.last_page)?;
    database.maps.clear(last.saturating_add(1), u32::MAX);
    if database.last_resize() <= position {
        if database.pages().page_count() > last {
            database.pages().set_page_count(last)?;
        }
        database.set_last_resize(position);
        return Ok(());
    }
    let Some(dbtime) = dbtime else { return Ok(()) };
    for number in last.saturating_add(1)..=database.pages().page_count() {
        let Ok(mut page) = database.pages().latch(number) else { continue };
        let found = page.view().dbtime();
        if (1..dbtime.min(DBTIME_REVERTED)).contains(&found) {
            page.page().reallocate(0, DBTIME_SHRUNK);
            page.mark_changed(position, Lgpos::NULL);
        }
    }
    Ok(())
}
