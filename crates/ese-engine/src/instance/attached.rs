//! A database that is attached: its pages, its header, who has it open, and what the log's headers say of it.
//!
//! Invariants: the waypoint is never above what the header on the disk says (spec 06 §4); a header lock is held over
//! reads and writes of the header only, never over the log or a latch; positions of the attachment are set once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use ese_format::attach_list::AttachInfo;
use ese_format::database_header::{DatabaseHeader, HeaderFields, HeaderFlags};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::signature::Signature;
use once_cell::sync::OnceCell;
use parking_lot::{Mutex, MutexGuard};

use crate::cache::CachedFile;
use crate::catalog::{CatalogSettings, LiveCatalog, Shadow, TextSettings};
use crate::error::{Error, Result};
use crate::file_map::{FileMap, Logging};
use crate::io::Host;
use crate::lock_order::{LeafMutex, assert_no_leaf_lock};

use super::gate::ClosedGate;
use super::header_file::{GenerationFile, HeaderFile};
use super::in_use::PathClaim;
use super::opens::{AfterClose, OpenMode, Opens};

/// Whether a database may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writability {
    /// It may.
    Writable,
    /// Nothing of its file is ever written (JET_bitDbReadOnly).
    ReadOnly,
}

/// Where in the log the attachment lies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attachment {
    /// The AttachDB or CreateDB record; null while there is none.
    pub(super) attach: Lgpos,
    /// lgposConsistent of the header, if it belongs to this stream.
    pub(super) consistent: Lgpos,
    pub(super) signature: Signature,
}

/// The header, and whether the roll of a log may touch it.
#[derive(Debug)]
pub(super) struct HeaderState {
    pub(super) file: HeaderFile,
    /// Not in the middle of attach or detach (spec 06 §4).
    pub(super) settled: bool,
    /// Pages the file had when the header was written last.
    pub(super) pages: u32,
}

/// An attached database.
#[derive(Debug)]
pub struct AttachedDatabase {
    map: Arc<FileMap>,
    path: Arc<Path>,
    writability: Writability,
    host: Host,
    text: TextSettings,
    header: Mutex<HeaderState>,
    waypoint: AtomicI32,
    attachment: LeafMutex<Attachment>,
    opens: LeafMutex<Opens>,
    catalog: OnceCell<Arc<LiveCatalog>>,
    /// Until the instance lets go of the database.
    claim: LeafMutex<Option<PathClaim>>,
}

/// What an [`AttachedDatabase`] begins with.
#[derive(Debug)]
pub(super) struct AttachedStart {
    pub(super) map: Arc<FileMap>,
    pub(super) writability: Writability,
    pub(super) host: Host,
    pub(super) text: TextSettings,
    pub(super) header: HeaderFile,
    pub(super) attachment: Attachment,
    pub(super) claim: PathClaim,
}

impl AttachedDatabase {
    pub(super) fn new(start: AttachedStart) -> Arc<Self> {
        let attachment = LeafMutex::default();
        *attachment.lock() = start.attachment;
        let claim = LeafMutex::default();
        *claim.lock() = Some(start.claim);
        let pages = start.map.file().page_count();
        Arc::new(Self {
            path: Arc::clone(start.map.file().path()),
            map: start.map,
            writability: start.writability,
            host: start.host,
            text: start.text,
            header: Mutex::new(HeaderState { file: start.header, settled: false, pages }),
            waypoint: AtomicI32::new(0),
            attachment,
            opens: LeafMutex::default(),
            catalog: OnceCell::new(),
            claim,
        })
    }

    /// What its trees share.
    #[must_use]
    pub fn map(&self) -> &Arc<FileMap> {
        &self.map
    }

    /// Its pages.
    #[must_use]
    pub fn file(&self) -> &Arc<CachedFile> {
        self.map.file()
    }

    /// Its catalog.
    ///
    /// # Errors
    /// `JET_errInvalidDatabaseId` for the temporary database, which has none.
    pub fn catalog(&self) -> Result<&Arc<LiveCatalog>> {
        let about = "the temporary database has no catalog";
        self.catalog.get().ok_or_else(|| Error::refused(JetError::INVALID_DATABASE_ID, about))
    }

    /// Opens the catalog that is in the file.
    pub(super) fn open_catalog(&self) -> Result<()> {
        let header = self.header();
        let shadow = if header.flags().contains(HeaderFlags::CATALOG_SHADOWING_OFF) {
            Shadow::Off
        } else {
            Shadow::Kept
        };
        let settings = CatalogSettings {
            shadow,
            version: header.version(),
            clock: Arc::clone(&self.host.clock),
            text: self.text.clone(),
        };
        let catalog = LiveCatalog::open(&self.map, settings)?;
        // Nobody else has the database yet.
        self.catalog.get_or_init(|| catalog);
        Ok(())
    }

    /// Its number in log records: 0 for the temporary database, 1 to 6 for others.
    #[must_use]
    pub fn dbid(&self) -> u8 {
        self.map.dbid()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Whether it may be changed.
    #[must_use]
    pub fn writability(&self) -> Writability {
        self.writability
    }

    /// Whether its changes are logged; a read-only one has none.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        self.map.logging() == Logging::On && self.writability == Writability::Writable
    }

    /// A copy of its header as it is on the disk.
    #[must_use]
    pub fn header(&self) -> DatabaseHeader {
        self.lock_header().file.header().clone()
    }

    /// Its identity.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.attachment.lock().signature
    }

    /// Opens it for a session.
    ///
    /// # Errors
    /// `JET_errDatabaseLocked`, `JET_errDatabaseInUse`.
    pub fn open(&self, session: u64, mode: OpenMode) -> Result<()> {
        self.opens.lock().open(session, mode)
    }

    /// Closes one open of a session.
    ///
    /// # Errors
    /// `JET_errInvalidDatabaseId` when the session has it not open.
    pub fn close(&self, session: u64) -> Result<AfterClose> {
        self.opens.lock().close(session)
    }

    /// Closes every open of a session: it ends.
    pub fn close_all(&self, session: u64) {
        self.opens.lock().close_all(session);
    }

    /// How often a session has it open.
    #[must_use]
    pub fn opens_of(&self, session: u64) -> u32 {
        self.opens.lock().count(session)
    }

    /// The instance has it no more. Whoever still looks at it may go on reading; nothing is written to its file from now
    /// on, and the file and its path are free for others when this returns.
    pub(super) fn leave(&self) {
        {
            let _no_page = self.file().hold_writes();
            let mut header = self.lock_header();
            header.settled = false;
            // A session that is still open may keep pages in its transaction, and who looks at the database the database:
            // neither may keep the log open.
            self.file().set_gate(Arc::new(ClosedGate));
            self.file().file().let_go();
        }
        let claim = self.claim.lock().take();
        drop(claim);
    }

    /// Whether a session has it for itself.
    #[must_use]
    pub fn is_exclusive_of(&self, session: u64) -> bool {
        self.opens.lock().is_exclusive_of(session)
    }

    /// Whether any session has it open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.opens.lock().is_open()
    }

    /// The machine it is on.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Changes fields of its header and writes it.
    ///
    /// # Errors
    /// Those of the disk: the header in memory has the change, and the next write of it takes it along.
    pub(crate) fn change_header(&self, change: impl FnOnce(&mut HeaderFields)) -> Result<()> {
        let mut state = self.lock_header();
        change(&mut state.file.header_mut().fields);
        self.write_header(&mut state)
    }

    pub(super) fn lock_header(&self) -> MutexGuard<'_, HeaderState> {
        assert_no_leaf_lock();
        self.header.lock()
    }

    /// Writes the header, with the pages that the file got since the last time counted as one extension.
    pub(super) fn write_header(&self, state: &mut HeaderState) -> Result<()> {
        let pages = self.file().page_count();
        if pages > state.pages {
            state.file.resized(Lgpos::NULL, self.host.clock.logtime());
            state.pages = pages;
        }
        let dbtime = self.map.dbtime();
        let fields = &mut state.file.header_mut().fields;
        fields.dbtime = dbtime.max(fields.dbtime.get()).into();
        fields.objid_last = self.map.objid_last().max(fields.objid_last.get()).into();
        state.file.write(&self.host)
    }

    pub(super) fn attachment(&self) -> Attachment {
        *self.attachment.lock()
    }

    pub(super) fn set_attach(&self, position: Lgpos) {
        self.attachment.lock().attach = position;
    }

    /// Pages changed in generations up to this one may be written.
    #[must_use]
    pub fn waypoint(&self) -> i32 {
        self.waypoint.load(Ordering::Acquire)
    }

    /// Raises the waypoint to what the header on the disk says now.
    pub(super) fn passed(&self, state: &HeaderState) {
        let generation = state.file.header().fields.generation_max_required.get().cast_signed();
        self.waypoint.fetch_max(generation, Ordering::AcqRel);
    }

    /// A generation has its file: the header names it before any page of it is written (spec 06 §4).
    pub(super) fn generation_began(&self, newest: GenerationFile) -> Result<()> {
        if !self.is_logged() {
            return Ok(());
        }
        let mut state = self.lock_header();
        if !state.settled {
            return Ok(());
        }
        if state.file.raise_max(newest) {
            self.write_header(&mut state)?;
        }
        self.passed(&state);
        Ok(())
    }

    /// The checkpoint comes to `checkpoint`; every page changed before it was written. Makes them durable, then the
    /// header (spec 06 §3.2 W5).
    pub(super) fn checkpoint_advances(&self, checkpoint: Lgpos) -> Result<()> {
        self.file().sync()?;
        let mut state = self.lock_header();
        if state.settled && state.file.raise_min(checkpoint) {
            self.write_header(&mut state)?;
        }
        Ok(())
    }

    /// What a log header or a checkpoint at `first` says of it; `None` when it was not attached before.
    pub(super) fn attach_info(&self, first: Lgpos) -> Option<AttachInfo> {
        let attachment = self.attachment();
        let listed = self.is_logged() && !attachment.attach.is_null() && attachment.attach < first;
        listed.then(|| AttachInfo {
            dbid: self.dbid(),
            flags: 0,
            path_length: 0.into(),
            dbtime: self.map.dbtime().into(),
            objid_last: self.map.objid_last().into(),
            max_pages: self.map.pages_max().into(),
            attach: attachment.attach,
            consistent: if attachment.consistent < first { attachment.consistent } else { Lgpos::NULL },
            database_signature: attachment.signature,
        })
    }
}
