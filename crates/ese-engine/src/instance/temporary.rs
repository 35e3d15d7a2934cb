//! The temporary database: dbid 0, made when it is first needed, logged nowhere, gone when the instance stops (spec 01
//! §13.7).

use std::sync::Arc;

use ese_format::database_header::{DatabaseHeader, HeaderFlags, StateChange};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;

use crate::cache::OpenGate;
use crate::catalog::statement;
use crate::error::{Error, Result};
use crate::file_map::{DBTIME_FIRST, FileMap, FileMapStart, Logging};
use crate::io::Existing;
use crate::space::create_root;
use crate::temp::TemporaryTables;

use super::Instance;
use super::attached::{AttachedDatabase, AttachedStart, Attachment, Writability};
use super::header_file::{HeaderFile, draw_signature};
use super::in_use::{PathClaim, PathUse};

impl Instance {
    /// The temporary tables of the instance; the first call makes their database.
    ///
    /// # Errors
    /// Those of the disk; the next call tries again.
    pub fn temporary_tables(&self) -> Result<Arc<TemporaryTables>> {
        if let Some(tables) = self.temporary_tables.lock().clone() {
            return Ok(tables);
        }
        let _one_at_a_time = self.administration.lock();
        if let Some(tables) = self.temporary_tables.lock().clone() {
            return Ok(tables);
        }
        let database = self.make_temporary()?;
        let version = self.settings.database_version().unwrap_or(database.header().version());
        let tables_max = self.settings.temporary_tables_max;
        let tables = TemporaryTables::new(database.map(), &self.transactions, version, tables_max);
        self.insert(&database);
        *self.temporary_tables.lock() = Some(Arc::clone(&tables));
        Ok(tables)
    }

    fn make_temporary(&self) -> Result<Arc<AttachedDatabase>> {
        self.check_runs()?;
        let host = &self.settings.host;
        let path = host.file_system.full_path(&self.settings.temporary_file());
        let claim = PathClaim::new(&*host.file_system, &path, "", PathUse::Database)?;
        let file = host.file_system.create(&path, Existing::Replace)?;
        let mut header = DatabaseHeader::new(self.settings.page_size);
        header
            .change_state(StateChange::JustCreated)
            .map_err(|error| Error::refused(JetError::INTERNAL_ERROR, error.to_string()))?;
        header.fields.dbtime = DBTIME_FIRST.into();
        header.fields.database_signature = draw_signature(host);
        header.fields.flags = HeaderFlags::CATALOG_SHADOWING_OFF.bits().into();
        let mut header = HeaderFile::new(file, header);
        header.write(host)?;
        let cached = self.cache.attach(Arc::clone(header.file()), self.settings.page_size)?;
        let pages = self.settings.initial_pages();
        cached.set_gate(Arc::new(OpenGate));
        let start = FileMapStart {
            dbid: 0,
            logging: Logging::Off,
            features: self.features_of(self.settings.database_version().unwrap_or(header.header().version())),
            dbtime: DBTIME_FIRST,
            objid_last: 0,
            extension_pages: self.settings.extension_pages,
        };
        let attachment = Attachment {
            attach: Lgpos::NULL,
            consistent: Lgpos::NULL,
            signature: header.header().fields.database_signature,
        };
        let database = AttachedDatabase::new(AttachedStart {
            map: FileMap::new(cached, start),
            writability: Writability::Writable,
            host: host.clone(),
            text: self.settings.text.clone(),
            header,
            attachment,
            claim,
        });
        let mut session = self.transactions.begin_system_session()?;
        statement::run(&mut session, |session| create_root(database.map(), session, pages))?;
        session.end()?;
        Ok(database)
    }

    /// Deletes the temporary database, if there is one.
    pub(super) fn drop_temporary(&self) {
        let tables = self.temporary_tables.lock().take();
        drop(tables);
        let Some(database) = self.database(0) else { return };
        database.file().discard_changes();
        self.transactions.forget_file(database.file().id());
        self.remove(&database);
        if let Err(error) = self.settings.host.file_system.remove(database.path()) {
            tracing::warn!("the temporary database stays: {error}");
        }
    }
}
