//! redb: Durability::None for lazy commits, Immediate for durable ones.

use std::path::Path;

use anyhow::{Context, Result};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Commit, Session, Store, Write, value_of};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

/// A database file.
pub struct Redb {
    database: Database,
}

impl Redb {
    /// See [`super::Create`].
    pub fn create(folder: &Path, cache_bytes: usize) -> Result<Box<dyn Store>> {
        let database = Database::builder().set_cache_size(cache_bytes).create(folder.join("rows.redb"))?;
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.commit()?;
        Ok(Box::new(Self { database }))
    }
}

impl Store for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(RedbSession { database: &self.database }))
    }
}

struct RedbSession<'s> {
    database: &'s Database,
}

impl Session for RedbSession<'_> {
    fn write(&mut self, keys: &[u64], write: Write, commit: Commit) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(match commit {
            Commit::Lazy => Durability::None,
            Commit::Durable => Durability::Immediate,
        })?;
        {
            let mut rows = transaction.open_table(ROWS)?;
            for key in keys {
                rows.insert(key, value_of(*key, write).as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn read(&mut self, keys: &[u64]) -> Result<u64> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        let mut sum = 0;
        for key in keys {
            let value = rows.get(key)?.context("a row is missing")?;
            sum += u64::from(*value.value().first().context("an empty value")?);
        }
        Ok(sum)
    }

    fn scan(&mut self) -> Result<(u64, u64)> {
        let rows = self.database.begin_read()?.open_table(ROWS)?;
        let (mut count, mut sum) = (0, 0);
        for row in rows.iter()? {
            let (_, value) = row?;
            count += 1;
            sum += u64::from(*value.value().first().context("an empty value")?);
        }
        Ok((count, sum))
    }
}
