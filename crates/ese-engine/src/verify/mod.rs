//! The verifier: everything about a database that can be checked without its logs (spec 02 §16, spec 10 §4.3).
//!
//! ```text
//! walk        order, separators, siblings, levels, flags of every tree; page checks come with the latch
//! pages       who uses a page: each has one use, and lies in what its tree owns
//! ownership   owned and available extents, split buffers, parents and children
//! catalog     catalog and shadow hold the same rows
//! columns     values fit their columns
//! contents    records are well formed; every secondary index rebuilt from them; references to long values
//! long_values sizes, chunks, reference counts
//! ```
//!
//! It goes on behind damage, and keeps to its memory: one bit for each page of the file, the extents, and
//! [`VerifyOptions::memory_bytes`] for comparing. What is too much for that is compared in several passes over the rows,
//! each with the entries that fall to it.

mod catalog;
mod columns;
mod contents;
mod long_values;
mod ownership;
mod pages;
mod report;
mod walk;

use std::sync::Arc;

use ese_format::catalog::{DATABASE_ROOT, MSYSOBJECTS_SHADOW};
use ese_format::database_header::DatabaseState;
use ese_format::error::JetError;
use ese_format::space::Extent;

use crate::btree::{Tree, TreeKind};
use crate::catalog::TableSchema;
use crate::database::Database;
use crate::error::Result;
use crate::table::Table;

pub use report::{FINDINGS_MAX, Finding, Place, Severity, VerifyCounts, VerifyReport};

use crate::verify::contents::Contents;
use crate::verify::ownership::{Parent, SpaceCheck};
use crate::verify::pages::Claims;
use crate::verify::walk::Walked;

/// Memory for comparing indexes, where nobody says otherwise.
pub const MEMORY_BYTES_DEFAULT: usize = 128 << 20;

/// Whether indexes are rebuilt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexCheck {
    /// Every secondary index is computed from the rows and compared entry by entry.
    #[default]
    Rebuild,
    /// Only the structure of its tree is checked.
    StructureOnly,
}

/// How to verify.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions {
    /// Whether indexes are rebuilt.
    pub indexes: IndexCheck,
    /// Memory for comparing.
    pub memory_bytes: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { indexes: IndexCheck::Rebuild, memory_bytes: MEMORY_BYTES_DEFAULT }
    }
}

/// How far a verification is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being looked at now.
    pub place: Place,
    /// Pages that are known to be in order or not.
    pub pages_done: u64,
    /// Pages that will be looked at, about.
    pub pages_total: u64,
}

/// Checks a whole database and says all that it found. `progress` is called before each table.
///
/// Damage is no error of this call: it is in the report. Nothing is written.
pub fn verify(
    database: &Database,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(&Progress),
) -> VerifyReport {
    Verifier::new(database, *options, progress).run()
}

/// A tree and those that get their pages from it.
#[derive(Clone, Debug)]
pub struct TreeFamily {
    /// The tree.
    pub tree: Tree,
    /// What it is called in findings.
    pub name: String,
    /// Its children.
    pub children: Vec<TreeFamily>,
}

/// Checks the structure and the space of a database root and the trees below it, without a catalog to tell them:
/// temporary databases, and databases that are being made. `dbtime` is what no page may be above.
#[must_use]
pub fn verify_trees(root: &TreeFamily, dbtime: Option<u64>) -> VerifyReport {
    let pages = root.tree.file().page_count();
    let (mut claims, mut report) = (Claims::new(pages), VerifyReport::default());
    report.counts.file_pages = pages.into();
    let mut above = Parent::new(0, None);
    let mut space = SpaceCheck { claims: &mut claims, report: &mut report, dbtime };
    verify_family(root, &mut above, 0, &mut space);
    if !claims.is_incomplete {
        claims.report_leaks(&mut report);
    }
    report
}

fn verify_family(family: &TreeFamily, parent: &mut Parent, depth: u8, space: &mut SpaceCheck<'_>) {
    let place = if depth == 0 { Place::default() } else { Place::table(family.name.as_str()) };
    space.report.counts.trees += 1;
    let owned = space.check(&family.tree, &place, parent, depth);
    if depth == 0 {
        space.report.counts.owned_pages = owned.iter().flatten().map(|extent| u64::from(extent.count)).sum();
    }
    let walked = space.walk(&family.tree, &place, owned.as_deref(), &mut |_, _, _| {});
    space.report.counts.entries += walked.nodes;
    let mut here = Parent::new(family.tree.root(), owned);
    for child in &family.children {
        verify_family(child, &mut here, depth.saturating_add(1), space);
    }
    here.check_children(space.report);
}

struct Verifier<'a> {
    database: &'a Database,
    options: VerifyOptions,
    progress: &'a mut dyn FnMut(&Progress),
    claims: Claims,
    report: VerifyReport,
    /// The header's dbtime, where it is that of the pages.
    dbtime: Option<u64>,
}

impl<'a> Verifier<'a> {
    fn new(database: &'a Database, options: VerifyOptions, progress: &'a mut dyn FnMut(&Progress)) -> Self {
        let header = database.header();
        let is_clean = header.state() == Some(DatabaseState::CleanShutdown);
        Self {
            database,
            options,
            progress,
            claims: Claims::new(database.file().page_count()),
            report: VerifyReport::default(),
            dbtime: is_clean.then(|| header.fields.dbtime.get()),
        }
    }

    fn run(mut self) -> VerifyReport {
        self.report.counts.file_pages = self.database.file().page_count().into();
        let database = Place::default();
        let mut root = match self.database.root_tree() {
            Ok(tree) => self.root(&tree, &database),
            Err(error) => {
                self.failed(&database, &error);
                Parent::new(DATABASE_ROOT.1, None)
            }
        };
        self.shadow(&mut root);
        match self.database.tables() {
            Ok(tables) => {
                for schema in tables {
                    // The shadow has no indexes and was looked at already.
                    if schema.definition().objid != MSYSOBJECTS_SHADOW.0 {
                        self.table(&schema, &mut root);
                    }
                }
            }
            Err(error) => {
                self.failed(&Place::table("MSysObjects"), &error);
                let what = "the catalog is damaged: not all tables could be checked";
                self.report.warn(&Place::table("MSysObjects"), None, JetError::CATALOG_CORRUPTED, what);
            }
        }
        root.check_children(&mut self.report);
        if !self.claims.is_incomplete {
            self.claims.report_leaks(&mut self.report);
        }
        self.report
    }

    fn failed(&mut self, place: &Place, error: &crate::error::Error) {
        self.claims.is_incomplete = true;
        self.report.failed(place, error);
    }

    fn space(&mut self) -> SpaceCheck<'_> {
        SpaceCheck { claims: &mut self.claims, report: &mut self.report, dbtime: self.dbtime }
    }

    /// The database's own tree, which has no nodes, and the file's pages.
    fn root(&mut self, tree: &Tree, place: &Place) -> Parent {
        let mut above = Parent::new(0, None);
        let owned = self.space().check(tree, place, &mut above, 0);
        let walked = self.space().walk(tree, place, owned.as_deref(), &mut |_, _, _| {});
        if walked.nodes > 0 {
            let what = "the root of the database has nodes";
            self.report.damage_on(place, tree.root(), JetError::DATABASE_CORRUPTED, what);
        }
        if let Some(owned) = &owned {
            self.file_size(place, owned);
        }
        Parent::new(tree.root(), owned)
    }

    fn file_size(&mut self, place: &Place, owned: &[Extent]) {
        let (last, file) = (owned.last().map_or(0, |extent| extent.last), self.claims.pages());
        self.report.counts.owned_pages = owned.iter().map(|extent| u64::from(extent.count)).sum();
        let mut next = 1;
        for extent in owned {
            if extent.first() != next {
                let what = format!("pages {next} to {} belong to nobody", extent.first().saturating_sub(1));
                self.report.damage_on(place, next, JetError::SP_OWN_EXT_CORRUPTED, what);
            }
            next = extent.last.saturating_add(1);
        }
        if file > last {
            let what = format!("Database file is too big (expected {last} pages, file is {file} pages)");
            self.report.warn(place, None, JetError::SUCCESS, what);
        }
    }

    /// The shadow of the catalog: a table that the catalog itself lists, but whose rows are the catalog's.
    fn shadow(&mut self, root: &mut Parent) {
        let (objid, page) = MSYSOBJECTS_SHADOW;
        let place = Place::table("MSysObjectsShadow");
        self.tell(&place);
        let shadow = match Tree::open(self.database.file(), page, objid, TreeKind::Primary) {
            Ok(shadow) => shadow,
            Err(error) => return self.failed(&place, &error),
        };
        self.report.counts.tables += 1;
        self.tree(&shadow, &place, root, 1, &mut |_, _, _| {});
        catalog::compare(self.database.catalog().tree(), &shadow, &mut self.report);
    }

    /// A table with all its trees.
    fn table(&mut self, schema: &Arc<TableSchema>, root: &mut Parent) {
        let place = Place::table(schema.name());
        self.tell(&place);
        self.report.counts.tables += 1;
        let table = match self.database.open_schema(schema) {
            Ok(table) => table,
            Err(error) => return self.failed(&place, &error),
        };
        let mut contents = Contents::new(&table, &place, self.options);
        let (owned, walked) = self.tree(table.tree(), &place, root, 1, &mut |report, page, node| {
            contents.record(report, page, node);
        });
        self.report.counts.rows += walked.nodes;
        contents.rows_are_damaged |= walked.is_damaged;
        let mut parent = Parent::new(table.tree().root(), owned);
        self.indexes(&table, &place, &mut parent, &mut contents);
        if let Err(error) = self.long_values(&table, &place, &mut parent, &mut contents) {
            self.failed(&place.part("long values"), &error);
            contents.long_values_are_damaged = true;
        }
        parent.check_children(&mut self.report);
        contents.compare(&mut self.report);
    }

    fn indexes(&mut self, table: &Table, place: &Place, parent: &mut Parent, contents: &mut Contents<'_>) {
        for (number, index) in table.schema().indexes().iter().enumerate() {
            if index.is_primary() {
                continue;
            }
            let place = place.part(format!("index {}", index.name));
            match table.index_tree(index) {
                Ok(tree) => {
                    let (_, walked) = self.tree(&tree, &place, parent, 2, &mut |_, _, _| {});
                    self.report.counts.entries += walked.nodes;
                    contents.add_index(number, place, walked, &mut self.report);
                }
                Err(error) => self.failed(&place, &error),
            }
        }
    }

    fn long_values(
        &mut self,
        table: &Table,
        place: &Place,
        parent: &mut Parent,
        contents: &mut Contents<'_>,
    ) -> Result<()> {
        let Some(tree) = table.long_value_tree()? else { return Ok(()) };
        let place = place.part("long values");
        let mut check = long_values::LongValueCheck::new(tree.chunk_bytes(), &place);
        let (_, walked) = self
            .tree(tree.tree(), &place, parent, 2, &mut |report, page, node| check.node(report, page, node));
        let values = check.finish(&mut self.report);
        self.report.counts.long_values += values;
        contents.add_long_values(tree.clone(), place, walked, values);
        Ok(())
    }

    fn tree(
        &mut self,
        tree: &Tree,
        place: &Place,
        parent: &mut Parent,
        depth: u8,
        visit: walk::Visit<'_>,
    ) -> (Option<Vec<Extent>>, Walked) {
        self.report.counts.trees += 1;
        let owned = self.space().check(tree, place, parent, depth);
        let walked = self.space().walk(tree, place, owned.as_deref(), visit);
        (owned, walked)
    }

    fn tell(&mut self, place: &Place) {
        let done = self.report.counts.pages;
        let total = self.report.counts.owned_pages.max(done);
        (self.progress)(&Progress { place: place.clone(), pages_done: done, pages_total: total });
    }
}
