//! The temporary database: dbid 0, made when it is first needed, logged nowhere, gone when the instance stops (spec 01
//! §13.7).

use std::sync::Arc;

use ese_format::database_header::{DatabaseHeader, HeaderFlags, StateChange};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;

use crate::cache::OpenGate;
use crate::error::{Error, Result};
use crate::file_map::{DBTIME_FIRST, FileMap, FileMapStart, Logging};
use crate::io::Existing;

use super::Instance;
use super::attached::{AttachedDatabase, AttachedStart, Attachment, Writability};
use super::header_file::{HeaderFile, draw_signature};
use super::in_use::{PathClaim, PathUse};

impl Instance {
    /// The temporary database. The first call makes it; `content` then gives the file so many pages and builds its root.
    ///
    /// # Errors
    /// Those of the disk and of the content; the next call tries again.
    pub fn temporary_database(
        &self,
        content: &mut dyn FnMut(&Arc<AttachedDatabase>, u32) -> Result<()>,
    ) -> Result<Arc<AttachedDatabase>> {
        if let Some(database) = self.database(0) {
            return Ok(database);
        }
        let _one_at_a_time = self.administration.lock();
        if let Some(database) = self.database(0) {
            return Ok(database);
        }
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
            header,
            attachment,
            claim,
        });
        content(&database, pages)?;
        self.insert(&database);
        Ok(database)
    }

    /// Deletes the temporary database, if there is one.
    pub(super) fn drop_temporary(&self) {
        let Some(database) = self.database(0) else { return };
        database.file().discard_changes();
        self.transactions.forget_file(database.file().id());
        self.remove(&database);
        if let Err(error) = self.settings.host.file_system.remove(database.path()) {
            tracing::warn!("the temporary database stays: {error}");
        }
    }
}
