//! SQLite in WAL mode: synchronous=NORMAL for lazy commits, FULL for durable ones.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

use super::{Commit, Session, Store, Write, value_of};

/// A database file.
pub struct Sqlite {
    path: PathBuf,
    cache_bytes: usize,
}

impl Sqlite {
    /// See [`super::Create`].
    pub fn create(folder: &Path, cache_bytes: usize) -> Result<Box<dyn Store>> {
        let store = Self { path: folder.join("sqlite.db"), cache_bytes };
        let connection = store.connect()?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute("CREATE TABLE rows (key INTEGER PRIMARY KEY, value BLOB NOT NULL)", [])?;
        Ok(Box::new(store))
    }

    fn connect(&self) -> Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(Duration::from_secs(60))?;
        connection.pragma_update(None, "cache_size", -((self.cache_bytes / 1024) as i64))?;
        Ok(connection)
    }
}

impl Store for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn session(&self) -> Result<Box<dyn Session + '_>> {
        Ok(Box::new(SqliteSession { connection: self.connect()?, synchronous: None }))
    }
}

struct SqliteSession {
    connection: Connection,
    synchronous: Option<Commit>,
}

impl Session for SqliteSession {
    fn write(&mut self, keys: &[u64], write: Write, commit: Commit) -> Result<()> {
        if self.synchronous != Some(commit) {
            let level = if commit == Commit::Durable { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.synchronous = Some(commit);
        }
        let text = match write {
            Write::Insert => "INSERT INTO rows (key, value) VALUES (?1, ?2)",
            Write::Update => "UPDATE rows SET value = ?2 WHERE key = ?1",
        };
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut statement = transaction.prepare_cached(text)?;
            for key in keys {
                statement.execute(params![*key as i64, value_of(*key, write)])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn read(&mut self, keys: &[u64]) -> Result<u64> {
        let transaction = self.connection.transaction()?;
        let mut statement = transaction.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
        let mut sum = 0;
        for key in keys {
            sum += statement.query_row([*key as i64], |row| {
                Ok(u64::from(row.get_ref(0)?.as_blob()?.first().copied().unwrap_or_default()))
            })?;
        }
        Ok(sum)
    }

    fn scan(&mut self) -> Result<(u64, u64)> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM rows ORDER BY key")?;
        let mut rows = statement.query([])?;
        let (mut count, mut sum) = (0, 0);
        while let Some(row) = rows.next()? {
            count += 1;
            sum += u64::from(*row.get_ref(0)?.as_blob()?.first().context("an empty value")?);
        }
        Ok((count, sum))
    }
}
