//! `/ms`: what space every tree owns and uses (spec 10 §6.5, §6.6).
//!
//! Rows are written as their trees are read, so that a broken tree ends the table where it stands.

mod engine_tables;
mod extents;
pub(crate) mod fields;
mod json;
mod long_values;
mod row;
mod shape;
mod statistics;
mod summary;
mod trees;
mod volume;

use std::io::Write;
use std::path::Path;

use ese_engine::database::{Database, OpenOptions};
use ese_format::error::JetError;

use crate::command_line::{DumpOptions, Settings, SpaceTrees, Verbosity};
use crate::failure::{CommandResult, Failure};
use crate::meta_dump;
use crate::output::Output;
use fields::{Needs, Selection};
use row::{Against, Kind, Row};
use summary::Summary;
use trees::{Reader, TreeRows};
use volume::FileInformation;

/// What `/ms` was asked for, once the fields are known.
struct Request<'a> {
    source: &'a Path,
    selection: Selection,
    separator: char,
    /// Small trees get rows too.
    with_small_trees: bool,
    space_trees: SpaceTrees,
    /// Leaks are counted and reported.
    with_leaks: bool,
    table: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn new(source: &'a Path, options: &'a DumpOptions) -> CommandResult<Self> {
        let selection = Selection::parse(&options.fields.join(","))
            .map_err(|_| Failure::of_file(JetError::INVALID_PARAMETER, source))?;
        let leaked = selection.leaked;
        let with_small_trees =
            options.verbosity > Verbosity::Summary || options.table.is_some() || !selection.is_default();
        Ok(Self {
            source,
            separator: if options.csv_columns.is_wanted() { ',' } else { ' ' },
            with_small_trees,
            space_trees: if leaked { options.space_trees.max(SpaceTrees::Rows) } else { options.space_trees },
            with_leaks: leaked || options.leaks.is_wanted(),
            table: options.table.as_deref(),
            selection,
        })
    }

    /// Whether data and internal pages are counted apart, in all trees, space trees included.
    fn counts_pages(&self) -> bool {
        self.with_leaks || self.selection.counts_pages()
    }

    fn needs(&self) -> Needs {
        let leaks = if self.with_leaks { Needs::ParentOfLeaf } else { Needs::Catalog };
        let extents = if self.space_trees > SpaceTrees::Hidden { Needs::Space } else { Needs::Catalog };
        self.selection.needs().max(leaks).max(extents)
    }
}

/// Dumps the space usage of a database.
///
/// # Errors
/// Those of opening and reading the database; with leaks asked for `JET_errDatabaseLeakInSpace`, and
/// `JET_errDatabaseCorrupted` when a tree holds more pages than it owns.
pub fn run(source: &Path, options: &DumpOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let request = Request::new(source, options)?;
    if source.is_file() {
        let information = FileInformation::of(source);
        information.write(&source.to_string_lossy(), out)?;
        out.set("file", json::file(&information));
    }
    out.frame(format_args!("         Database: {}\n\n", source.display()))?;
    let mut rows = Vec::new();
    let result = dump(&request, settings, &mut rows, out);
    out.set("trees", rows);
    out.frame(format_args!("\n\n"))?;
    result
}

fn dump(
    request: &Request<'_>,
    settings: &Settings,
    rows: &mut Vec<serde_json::Value>,
    out: &mut Output<'_>,
) -> CommandResult {
    let failed = |error| Failure::of_engine(&error, request.source);
    let open = OpenOptions { page_size: settings.page_size, ..OpenOptions::default() };
    let database = Database::open(request.source, &open).map_err(failed)?;
    let page_bytes = database.page_size().bytes();
    out.set("page_size", page_bytes);
    engine_tables::write(&database, out)?;
    writeln!(out, "        PageSize: {page_bytes}\n")?;
    write_header(request, out)?;
    let with_space_trees = request.space_trees > SpaceTrees::Hidden || request.counts_pages();
    let reader = Reader { database: &database, needs: request.needs(), with_space_trees };
    let root = reader.database_row(&request.source.to_string_lossy()).map_err(failed)?;
    let mut table = SpaceTable::new(request, &root.tree, page_bytes);
    table.write(&root, None, rows, out)?;
    let tables = meta_dump::tables(database.catalog(), request.table).map_err(failed)?;
    if request.table.is_some() && tables.is_empty() {
        return Err(Failure::of_file(JetError::OBJECT_NOT_FOUND, request.source));
    }
    for rows_of_table in &tables {
        table.summary.tables += 1;
        let mut owner = None;
        for member in Reader::members(rows_of_table) {
            let tree = reader.tree_rows(rows_of_table, member).map_err(failed)?;
            let owner = owner.get_or_insert_with(|| tree.tree.clone());
            table.write(&tree, Some(owner), rows, out)?;
        }
    }
    table.finish(out)
}

fn write_header(request: &Request<'_>, out: &mut Output<'_>) -> CommandResult {
    const TITLE: &str = "******************************** SPACE DUMP *******";
    let width = request.selection.width();
    let (names, headings) = fields::header(&request.selection, request.separator);
    writeln!(out, "{TITLE:*<width$}")?;
    writeln!(out, "{names}")?;
    if let Some(headings) = headings {
        writeln!(out, "{headings}")?;
    }
    writeln!(out, "{}", "=".repeat(width))?;
    Ok(())
}

/// The table while it is written.
struct SpaceTable<'a> {
    request: &'a Request<'a>,
    page_bytes: usize,
    database_pages: u64,
    left_out: bool,
    summary: Summary,
}

impl<'a> SpaceTable<'a> {
    fn new(request: &'a Request<'a>, root: &Row, page_bytes: usize) -> Self {
        Self {
            request,
            page_bytes,
            database_pages: root.space.owned_pages(),
            left_out: false,
            summary: Summary::new(root),
        }
    }

    /// A tree, its extents and its space trees; `table` is the table it belongs to, itself included.
    fn write(
        &mut self,
        rows: &TreeRows,
        table: Option<&Row>,
        listed: &mut Vec<serde_json::Value>,
        out: &mut Output<'_>,
    ) -> CommandResult {
        let against = Against {
            page_bytes: self.page_bytes,
            database_pages: self.database_pages,
            table_pages: table.map(|table| table.space.owned_pages()),
            table_nodes: table.and_then(|table| table.shape.as_ref()).map(|shape| shape.leaves.nodes.total()),
        };
        for row in std::iter::once(&rows.tree).chain(&rows.space_trees) {
            self.summary.add(row);
            listed.push(json::row(row));
            self.write_row(row, &against, out)?;
        }
        Ok(())
    }

    fn write_row(&mut self, row: &Row, against: &Against, out: &mut Output<'_>) -> CommandResult {
        let is_space_tree = matches!(row.kind, Kind::OwnedExtents | Kind::AvailableExtents);
        if is_space_tree && self.request.space_trees == SpaceTrees::Hidden {
            return Ok(());
        }
        // Below half a per cent of the database; the database itself never is.
        let is_small = row.space.owned_pages() * 200 < self.database_pages;
        if is_small && !self.request.with_small_trees {
            self.left_out = true;
            return Ok(());
        }
        writeln!(out, "{}", row.line(&self.request.selection.fields, against, self.request.separator))?;
        if row.kind == Kind::Database {
            writeln!(out)?;
        }
        if self.request.space_trees == SpaceTrees::Extents && !is_space_tree {
            extents::write(row, out)?;
        }
        Ok(())
    }

    fn finish(self, out: &mut Output<'_>) -> CommandResult {
        if self.left_out {
            writeln!(
                out,
                "Note: Some small tables/indices were not printed (use /v option to see those smaller than 0.5% of the database)."
            )?;
        }
        writeln!(out, "{}", "-".repeat(self.request.selection.width()))?;
        self.summary.write(self.request, self.page_bytes, out)
    }
}
