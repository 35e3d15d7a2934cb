//! `/mm`: tables, columns and indexes as the catalog has them (spec 10 §6.4).
//!
//! Tables, columns and indexes stand in the order of their names, letters a–z counting as A–Z, as the catalog's own
//! indexes have them.

mod json;
mod key_value_store;
mod verbose;

use std::io::Write;
use std::path::Path;

use ese_engine::catalog::Catalog;
use ese_engine::database::{Database, OpenOptions};
use ese_format::catalog::{CatalogRow, IndexFlags, IndexRow, LongValueRow, RowKind, TableRow};
use ese_format::error::JetError;
use ese_format::logtime::Logtime;

use crate::command_line::{DumpOptions, Settings, Verbosity};
use crate::export::western_text;
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::text_forms::LogtimeText;

/// The rows of one table.
pub(crate) struct TableRows {
    pub(crate) objid: u32,
    pub(crate) name: Vec<u8>,
    pub(crate) table: TableRow,
    /// Columns, indexes and callback in the order of the catalog; see [`Self::by_name`].
    pub(crate) rows: Vec<CatalogRow>,
}

impl TableRows {
    fn new(rows: &[CatalogRow]) -> Option<Self> {
        let (first, rest) = rows.split_first()?;
        let RowKind::Table(table) = &first.kind else { return None };
        Some(Self {
            objid: first.objid_table,
            name: first.name.as_bytes().to_vec(),
            table: table.clone(),
            rows: rest.to_vec(),
        })
    }

    /// The rows of one kind in the order of their names.
    pub(crate) fn by_name<'a, T>(
        &'a self,
        kind: impl Fn(&'a RowKind) -> Option<&'a T>,
    ) -> Vec<(&'a CatalogRow, &'a T)> {
        let mut found: Vec<_> =
            self.rows.iter().filter_map(|row| kind(&row.kind).map(|details| (row, details))).collect();
        found.sort_by_key(|(row, _)| row.name.as_bytes().to_ascii_uppercase());
        found
    }

    pub(crate) fn indexes(&self) -> Vec<(&CatalogRow, &IndexRow)> {
        self.by_name(|kind| if let RowKind::Index(index) = kind { Some(index) } else { None })
    }

    pub(crate) fn long_values(&self) -> Option<(&CatalogRow, &LongValueRow)> {
        self.rows
            .iter()
            .find_map(|row| if let RowKind::LongValue(tree) = &row.kind { Some((row, tree)) } else { None })
    }
}

/// Dumps the catalog, or what it says of one table.
///
/// # Errors
/// Those of opening the database and reading its catalog; `JET_errObjectNotFound` for a table that is not there.
pub fn run(source: &Path, options: &DumpOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    out.frame(format_args!("         Database: {}\n\n", source.display()))?;
    let result = dump(source, options, settings, out);
    out.frame(format_args!("\n\n"))?;
    result
}

fn dump(source: &Path, options: &DumpOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let failed = |error| Failure::of_engine(&error, source);
    let open = OpenOptions { page_size: settings.page_size, ..OpenOptions::default() };
    let database = Database::open(source, &open).map_err(failed)?;
    let is_verbose = options.verbosity > Verbosity::Summary;
    if is_verbose {
        key_value_store::dump(&database, out)?;
    }
    writeln!(out, "******************************* META-DATA DUMP *******************************")?;
    if !is_verbose {
        writeln!(
            out,
            "{:<50} {:<5} {:>10} {:>10} {:>30}",
            "Name", "Type", "ObjidFDP", "PgnoFDP", "PgnoFDPLastSetTime"
        )?;
        writeln!(out, "{}", "=".repeat(109))?;
        // Only the first five characters of the path, as in the original.
        let name: String = source.to_string_lossy().chars().take(5).collect();
        writeln!(out, "{name:<51} {:<5}{:>10} {:>10}\n", "Db", 1, 1)?;
    }
    let wanted = options.table.as_deref();
    let tables = tables(database.catalog(), wanted).map_err(failed)?;
    let mut listed = Vec::new();
    for table in &tables {
        if is_verbose {
            verbose::dump(table, database.page_size(), out)?;
        } else {
            write_table(table, out)?;
        }
        listed.push(json::table(table));
    }
    out.set("tables", listed);
    if wanted.is_some() && tables.is_empty() {
        return Err(Failure::of_file(JetError::OBJECT_NOT_FOUND, source));
    }
    writeln!(out, "{}", "*".repeat(78))?;
    Ok(())
}

/// The tables in the order of their names: all, or the one with this name.
pub(crate) fn tables(catalog: &Catalog, wanted: Option<&str>) -> ese_engine::error::Result<Vec<TableRows>> {
    let rows = catalog.rows()?;
    let mut tables: Vec<_> = rows
        .chunk_by(|one, next| one.objid_table == next.objid_table)
        .filter_map(TableRows::new)
        .filter(|table| wanted.is_none_or(|name| western_text(&table.name).eq_ignore_ascii_case(name)))
        .collect();
    tables.sort_by_key(|table| table.name.to_ascii_uppercase());
    Ok(tables)
}

fn write_table(table: &TableRows, out: &mut Output<'_>) -> CommandResult {
    let tree = |level: usize, name: &str, kind: &str, objid: u32, root: u32| {
        let indented: String = ("  ".repeat(level) + name).chars().take(51).collect();
        format!("{indented:<51} {kind:<5}{objid:>10} {root:>10}")
    };
    let TableRow { fdp_page, fdp_last_set_time, .. } = &table.table;
    let name = western_text(&table.name);
    writeln!(out, "{}    {}", tree(0, &name, "Tbl", table.objid, *fdp_page), file_time(*fdp_last_set_time))?;
    if let Some((row, long_values)) = table.long_values() {
        let line = tree(1, "<Long Values>", "LV", row.id, long_values.fdp_page);
        writeln!(out, "{line}    {}", file_time(long_values.fdp_last_set_time))?;
    }
    for (row, index) in table.indexes() {
        let kind = if index.flags.contains(IndexFlags::PRIMARY) { "Pri" } else { "Idx" };
        let name = western_text(row.name.as_bytes());
        writeln!(out, "{}", tree(1, &name, kind, row.id, index.fdp_page))?;
    }
    Ok(())
}

/// A FILETIME of the catalog as a log time; the null time where the row has none.
pub(crate) fn file_time(time: Option<u64>) -> String {
    LogtimeText(&time.and_then(logtime_of_file_time).unwrap_or_default()).to_string()
}

/// 100-nanosecond units since 1601-01-01 as a UTC log time; `None` for times that it cannot hold.
fn logtime_of_file_time(time: u64) -> Option<Logtime> {
    const DAYS_TO_1970: i64 = 134_774;
    const UNITS_A_DAY: u64 = 864_000_000_000;
    let (year, month, day) =
        crate::export::value::civil(i64::try_from(time / UNITS_A_DAY).ok()? - DAYS_TO_1970);
    let milliseconds = time % UNITS_A_DAY / 10_000;
    let part = |value: u64| u8::try_from(value).ok();
    let fraction = milliseconds % 1000;
    Some(Logtime {
        seconds: part(milliseconds / 1000 % 60)?,
        minutes: part(milliseconds / 60_000 % 60)?,
        hours: part(milliseconds / 3_600_000)?,
        day: u8::try_from(day).ok()?,
        month: u8::try_from(month).ok()?,
        year_since_1900: u8::try_from(year.checked_sub(1900)?).ok()?,
        low: 1 | part((fraction & 0x7F) << 1)?,
        high: part((fraction >> 7) << 1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_time_reads_as_a_utc_log_time_and_none_as_the_null_time() {
        assert_eq!(file_time(None), "00/00/1900 00:00:00.000 LOC");
        // 2021-02-14T02:32:43.303Z
        assert_eq!(file_time(Some(132_577_435_633_030_000)), "02/14/2021 02:32:43.303 UTC");
        assert_eq!(file_time(Some(u64::MAX)), "00/00/1900 00:00:00.000 LOC");
    }
}
