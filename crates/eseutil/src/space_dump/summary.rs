//! The lines under a space table: how many trees, how many pages of which use, and what leaked (spec 10 §6.6).

use std::io::Write;

use ese_format::error::JetError;
use serde_json::json;

use super::Request;
use super::row::{Kind, Row};
use super::statistics::{fixed, percent};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;

/// Printed for the free pages at the end of a file that has none, and for an open range.
const NO_PAGE: u32 = 0x7FFF_FFFF;

/// Above this size a database that is largely empty gets a note.
const NOTE_BYTES_MIN: u64 = 100 << 20;
/// Per cent of free pages from which a database is largely empty.
const NOTE_PERCENT_MIN: f64 = 20.0;

/// Sums over the rows of a table.
pub(super) struct Summary {
    pub(super) tables: u64,
    internal_trees: u64,
    long_value_trees: u64,
    secondary_indexes: u64,
    owned: u64,
    last_page: u32,
    available: u64,
    shelved: u64,
    shelved_range: (u32, u32),
    /// First page of the free pages at the end.
    unused_at_end: Option<u32>,
    data: u64,
    overhead: u64,
    user_range: Option<(u32, u32)>,
    /// The database root, the current table and its members: what they own and how much of it is accounted for.
    root: Account,
    table: Option<Account>,
    member: Option<Account>,
    leaks: Vec<Account>,
}

/// Pages a tree owns against those it uses, has free, or gave to its children.
#[derive(Clone, Copy, Debug)]
struct Account {
    kind: Kind,
    objid: u32,
    /// Owned less accounted for: leaked when positive, overbooked when negative.
    balance: i64,
}

impl Account {
    fn of(row: &Row) -> Self {
        let space = &row.space;
        let own = row.shape.as_ref().map_or(0, |shape| shape.data_pages + shape.internal_pages);
        let mut account = Self { kind: row.kind, objid: row.objid, balance: signed(space.owned_pages()) };
        account.take(own + space.available_pages() + space.split_buffers);
        account
    }

    fn take(&mut self, pages: u64) {
        self.balance = self.balance.saturating_sub(signed(pages));
    }
}

fn signed(pages: u64) -> i64 {
    i64::try_from(pages).unwrap_or(i64::MAX)
}

impl Summary {
    pub(super) fn new(root: &Row) -> Self {
        let last_page = root.space.owned.iter().map(|run| run.last()).max().unwrap_or(0);
        let mut free: Vec<_> = root.space.available.iter().filter(|run| run.pages > 0).collect();
        free.sort_by_key(|run| std::cmp::Reverse(run.first));
        let mut unused_at_end = None;
        let mut end = last_page;
        for run in free {
            if run.last() != end {
                break;
            }
            unused_at_end = Some(run.first);
            end = run.first.saturating_sub(1);
        }
        let shelved = root.space.shelved.iter().map(|run| run.first);
        Self {
            tables: 0,
            internal_trees: 0,
            long_value_trees: 0,
            secondary_indexes: 0,
            owned: root.space.owned_pages(),
            last_page,
            available: 0,
            shelved: root.space.shelved_pages(),
            shelved_range: (shelved.clone().min().unwrap_or(0), shelved.max().unwrap_or(0)),
            unused_at_end,
            data: 0,
            overhead: 0,
            user_range: None,
            root: Account::of(root),
            table: None,
            member: None,
            leaks: Vec::new(),
        }
    }

    /// Adds a row; rows come as they are printed: a tree, then its space trees, and a table before its members.
    pub(super) fn add(&mut self, row: &Row) {
        let shape = row.shape.as_ref();
        let (data, internal) = shape.map_or((0, 0), |shape| (shape.data_pages, shape.internal_pages));
        self.available += row.space.available_pages() + row.space.split_buffers;
        if row.space.owned_root != 0 {
            self.internal_trees += 2;
        }
        match row.kind {
            Kind::Database => return,
            Kind::OwnedExtents | Kind::AvailableExtents => {
                self.data += data;
                self.overhead += data + internal;
                let owner = self.member.as_mut().or(self.table.as_mut()).unwrap_or(&mut self.root);
                owner.take(data + internal);
                return;
            }
            Kind::Table => {
                self.close_table();
                self.root.take(row.space.owned_pages());
                self.table = Some(Account::of(row));
            }
            Kind::LongValues | Kind::Index => {
                self.close_member();
                if let Some(table) = &mut self.table {
                    table.take(row.space.owned_pages());
                }
                self.member = Some(Account::of(row));
                if row.kind == Kind::Index {
                    self.secondary_indexes += 1;
                } else {
                    self.long_value_trees += 1;
                }
            }
        }
        self.data += data;
        self.overhead += internal;
        for run in &row.space.owned {
            let (first, last) = self.user_range.unwrap_or((run.first, run.last()));
            self.user_range = Some((first.min(run.first), last.max(run.last())));
        }
    }

    fn close_member(&mut self) {
        self.leaks.extend(self.member.take().filter(|account| account.balance != 0));
    }

    fn close_table(&mut self) {
        self.close_member();
        self.leaks.extend(self.table.take().filter(|account| account.balance != 0));
    }

    /// Writes the lines, and fails for leaks that were asked for and for pages with two owners.
    pub(super) fn write(
        mut self,
        request: &Request<'_>,
        page_bytes: usize,
        out: &mut Output<'_>,
    ) -> CommandResult {
        self.close_table();
        let is_whole_database = request.table.is_none();
        if is_whole_database {
            let root = self.root;
            self.leaks.extend(Some(root).filter(|account| account.balance != 0));
        }
        let wants_space = request.selection.wants_space() || request.with_leaks;
        let internal =
            if wants_space { format!("{} Internal Trees, ", self.internal_trees) } else { String::new() };
        writeln!(
            out,
            "\n    Enumerated {} Tables ( {internal}{} Long Value Trees, {} Secondary Indices )\n",
            self.tables, self.long_value_trees, self.secondary_indexes
        )?;
        if !wants_space {
            return Ok(());
        }
        let leaked = request.with_leaks && is_whole_database;
        self.write_pages(request, leaked, out)?;
        self.write_ranges(out)?;
        let free = percent(self.available, self.owned);
        if self.owned.saturating_mul(page_bytes as u64) > NOTE_BYTES_MIN && free > NOTE_PERCENT_MIN {
            writeln!(
                out,
                "    Note: This database is over 20% empty, an offline defragmentation can be used to shrink the file."
            )?;
        }
        self.to_json(out);
        if request.counts_pages() && self.leaks.iter().any(|account| account.balance < 0) {
            return Err(Failure::of_file(JetError::DATABASE_CORRUPTED, request.source));
        }
        if leaked && self.leaked_pages() > 0 {
            return Err(Failure::of_file(JetError::DATABASE_LEAK_IN_SPACE, request.source));
        }
        Ok(())
    }

    fn leaked_pages(&self) -> u64 {
        self.leaks.iter().map(|account| u64::try_from(account.balance).unwrap_or(0)).sum()
    }

    fn write_pages(&self, request: &Request<'_>, leaked: bool, out: &mut Output<'_>) -> CommandResult {
        let part =
            |pages: u64, name: &str| format!("{pages} {name} ({}%)", fixed(percent(pages, self.owned), 1));
        let available = part(self.available, "Available");
        if !request.counts_pages() {
            let used = part(self.owned.saturating_sub(self.available), "Used");
            writeln!(out, "    Pages {} ( {used}, {available} ) + {} Shelved\n", self.owned, self.shelved)?;
            return Ok(());
        }
        let mut parts = vec![part(self.data, "Data"), part(self.overhead, "Overhead")];
        if leaked {
            parts.push(part(self.leaked_pages(), "Leaked"));
        }
        parts.push(available);
        writeln!(out, "    Pages {} ( {} ) + {} Shelved\n", self.owned, parts.join(", "), self.shelved)?;
        for account in &self.leaks {
            let objid = account.objid;
            match u64::try_from(account.balance) {
                Err(_) => {
                    let pages = account.balance.unsigned_abs();
                    writeln!(out, "ERROR: objid({objid}) has {pages} pages overbooked.")?;
                }
                Ok(_) if !leaked => {}
                Ok(pages) => match account.kind {
                    Kind::Database => writeln!(out, "\t\tDatabase root leaked {pages} pages.")?,
                    Kind::Index => writeln!(out, "\t\tIndex Objid({objid}) leaked {pages} pages.")?,
                    Kind::LongValues => writeln!(out, "\t\tLV Objid({objid}) leaked {pages} pages.")?,
                    _ => writeln!(out, "\t\tTable Objid({objid}) leaked {pages} pages.")?,
                },
            }
        }
        writeln!(out)?;
        Ok(())
    }

    fn write_ranges(&self, out: &mut Output<'_>) -> CommandResult {
        let (first, last) = self.user_range.unwrap_or((0, 0));
        let (unused, unused_end) = match self.unused_at_end {
            Some(first) => (first, self.last_page),
            None => (self.last_page.saturating_add(1), NO_PAGE),
        };
        let (shelved_first, shelved_last) = self.shelved_range;
        writeln!(
            out,
            "    Pgno Ranges (User min-max: {first} - {last}; Last: {}; DB End Contiguous Unused: {unused} - {unused_end}; Shelved min-max: {shelved_first} - {shelved_last}; Total: {})\n",
            self.last_page, self.owned
        )?;
        Ok(())
    }

    fn to_json(&self, out: &mut Output<'_>) {
        out.set(
            "summary",
            json!({
                "tables": self.tables,
                "internal_trees": self.internal_trees,
                "long_value_trees": self.long_value_trees,
                "secondary_indexes": self.secondary_indexes,
                "pages": self.owned,
                "available": self.available,
                "shelved": self.shelved,
                "last_page": self.last_page,
                "leaked": self.leaked_pages(),
            }),
        );
    }
}
