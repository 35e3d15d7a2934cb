//! Redo on the level of pages: a log record is repeated on those pages that do not have it yet (spec 06 §2, §9.4–9.8).
//!
//! The floor is independent of the cache and of files: pages come through [`RedoPages`], databases through
//! [`RedoTarget`], and what is left of open transactions at the end is in [`Redo::into_sessions`].
//!
//! ```text
//! record -> session known from its Begin0?  -> macro open with this dbtime? stored : page by page, §2:
//!           no: counters only                  d >= after            leave it
//!                                              d == before           apply, stamp after
//!                                              d < before            lost an update: redo map, or an error
//!                                              before < d < after    an error
//! ```
//!
//! Invariants: nothing is logged and no dbtime is drawn; repeating a stream on pages that have any part of it gives the
//! same pages; every contradiction between record and page is an error that names the page; no record, however mutated,
//! panics or latches a page twice.

mod access;
mod database;
mod maps;
mod node;
mod session;
mod size;
mod structure;
mod tree;
mod version;
mod version_list;

pub use access::{Verdict, verdict};
pub use database::{RedoDatabase, RedoDatabaseStart, RedoPage, RedoPages, RedoTarget};
pub use maps::{RedoMapEntry, RedoMapKind, RedoMaps};
pub use session::RedoSession;
pub use version::{HeldPages, ImageLogged, RedoChange, RedoVersion};

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{MacroMark, NodeOperation, PageOperation, Record, RecordType};

use crate::error::{Error, Result};

/// The dbtime of a page that a shrink cut off (spec 06 §1).
pub const DBTIME_SHRUNK: u64 = 0xFFFF_FFFF_FFFF_FFFD;
/// The dbtime of a page that was new when a snapshot took it back.
pub const DBTIME_REVERTED: u64 = 0xFFFF_FFFF_FFFF_FFFC;

/// What redo did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedoCounts {
    /// Page changes applied to pages that existed.
    pub redone: u64,
    /// Pages built from nothing.
    pub built: u64,
    /// Page changes that the page had already.
    pub applied: u64,
    /// Pages left alone because a redo map has them.
    pub skipped: u64,
    /// Pages restored from a before-image.
    pub restored: u64,
    /// Versions made for open transactions.
    pub versions: u64,
}

/// The state of a replay.
#[derive(Debug, Default)]
pub struct Redo {
    sessions: BTreeMap<u16, RedoSession>,
    trx_newest: u32,
    counts: RedoCounts,
    held: Arc<HeldPages>,
}

/// One record on its way: what every step needs to know.
#[derive(Clone, Copy, Debug)]
struct At {
    /// The record's place: lgposRedo.
    position: Lgpos,
    /// Where the session's transaction begins.
    start: Lgpos,
}

/// An inconsistency of the log itself.
fn log_corrupted(position: Lgpos, what: &'static str) -> Error {
    Error::refused(JetError::LOG_CORRUPTED, format!("log record at {position}: {what}"))
}

impl Redo {
    /// A replay that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> RedoCounts {
        self.counts
    }

    /// The pages that may not be written yet.
    #[must_use]
    pub fn held_pages(&self) -> &Arc<HeldPages> {
        &self.held
    }

    /// The newest transaction id met; ids compare with wrap-around.
    #[must_use]
    pub fn trx_newest(&self) -> u32 {
        self.trx_newest
    }

    /// The sessions with what is open in them, by number.
    pub fn sessions(&self) -> impl Iterator<Item = &RedoSession> {
        self.sessions.values()
    }

    /// Least begin of the transactions that are open now: what the checkpoint may not pass.
    #[must_use]
    pub fn oldest_begin0(&self) -> Option<Lgpos> {
        self.sessions.values().filter(|session| session.level() > 0).map(RedoSession::start).min()
    }

    /// The end of redo: the sessions with an open transaction, each with its versions.
    ///
    /// # Errors
    /// `JET_errLogCorrupted` when the before-image of an uncommitted change is nowhere (spec 06 §9.6.2).
    pub fn into_sessions(self) -> Result<Vec<RedoSession>> {
        let open: Vec<_> = self.sessions.into_values().filter(|session| session.level() > 0).collect();
        for session in &open {
            if let Some(rceid) = session.first_deferred() {
                let about = format!(
                    "session {}: the before-image of version {rceid:#x} is not in the log",
                    session.procid()
                );
                return Err(Error::refused(JetError::LOG_CORRUPTED, about));
            }
        }
        Ok(open)
    }

    /// Ends all sessions without undo: at Init, Term and RecoveryQuit.
    pub fn end_sessions(&mut self) {
        for (_, mut session) in std::mem::take(&mut self.sessions) {
            session.commit0();
        }
    }

    /// Whether redo takes this record: it is about transactions or pages. The others are the driver's.
    #[must_use]
    pub fn takes(record: RecordType) -> bool {
        use RecordType as T;
        matches!(
            record,
            T::Begin
                | T::Begin0
                | T::BeginDt
                | T::Commit
                | T::Commit0
                | T::Rollback
                | T::Refresh
                | T::MacroBegin
                | T::MacroCommit
                | T::MacroAbort
                | T::CreateMultipleExtentFdp
                | T::CreateSingleExtentFdp
                | T::ConvertFdp
                | T::ConvertFdp2
                | T::Split
                | T::Split2
                | T::Merge
                | T::Merge2
                | T::RootPageMove
                | T::Insert
                | T::FlagInsert
                | T::FlagInsertAndReplaceData
                | T::FlagDelete
                | T::Replace
                | T::ReplaceD
                | T::Delete
                | T::UndoInfo
                | T::Delta
                | T::Delta64
                | T::SetExternalHeader
                | T::Undo
                | T::EmptyTree
                | T::Scrub
                | T::PageMove
                | T::NewPage
                | T::ExtendDb
                | T::ShrinkDb
                | T::ShrinkDb2
                | T::ShrinkDb3
                | T::TrimDb
                | T::ExtentFreed
                | T::ExtentFreed2
        )
    }

    /// Repeats one record of the kinds that [`Self::takes`] names; the others change nothing. `bytes` are its stored form.
    ///
    /// # Errors
    /// Those of spec 06 §2 and §9: -566, -567, -625, -514, -1852, -255, and those of reading pages.
    pub fn record<T: RedoTarget>(
        &mut self,
        position: Lgpos,
        record: &Record<'_>,
        bytes: &[u8],
        target: &mut T,
    ) -> Result<()> {
        if self.transaction(position, record, target)? {
            return Ok(());
        }
        match record {
            Record::Split(_) | Record::Merge(_) | Record::ConvertFdp(_) => {
                let about = format!("{} at {position}: a record without before-image", record.record_type());
                Err(Error::refused(JetError::BAD_LOG_VERSION, about))
            }
            Record::ExtendDb(_)
            | Record::ShrinkDb(_)
            | Record::ShrinkDb2(_)
            | Record::ShrinkDb3(_)
            | Record::TrimDb(_)
            | Record::ExtentFreed(_)
            | Record::ExtentFreed2(_) => size::change(position, record, target),
            _ => self.page_record(position, record, bytes, target),
        }
    }

    /// Begins, commits, rollbacks and macros; whether the record was one of them.
    fn transaction<T: RedoTarget>(
        &mut self,
        position: Lgpos,
        record: &Record<'_>,
        target: &mut T,
    ) -> Result<bool> {
        match record {
            Record::Begin0(begin) | Record::BeginDt(begin) => {
                self.saw_transaction(begin.trx_begin0);
                self.session(begin.procid).begin0(position, begin.trx_begin0, begin.levels.to());
            }
            Record::Begin(begin) => self.session(begin.procid).begin(begin.levels.to()),
            Record::Refresh(refresh) => {
                self.saw_transaction(refresh.trx_begin0);
                self.session(refresh.procid).refresh(refresh.trx_begin0);
            }
            Record::Commit(commit) if commit.level_to > 0 => {
                self.session(commit.procid).commit(commit.level_to);
            }
            Record::Commit(commit) => self.session(commit.procid).commit0(),
            Record::Commit0(commit) => {
                self.saw_transaction(commit.trx_commit0);
                self.session(commit.procid).commit0();
            }
            Record::Rollback(rollback) => self.session(rollback.procid).rollback(rollback.level_count),
            Record::MacroBegin(mark) => self.session(mark.procid).macro_begin(mark.dbtime),
            Record::MacroAbort(mark) => self.session(mark.procid).macro_abort(mark.dbtime),
            Record::MacroCommit(mark) => self.macro_commit(position, mark, target)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn saw_transaction(&mut self, trx: u32) {
        if trx.wrapping_sub(self.trx_newest) as i32 > 0 {
            self.trx_newest = trx;
        }
    }

    fn session(&mut self, procid: u16) -> &mut RedoSession {
        self.sessions.entry(procid).or_insert_with(|| RedoSession::new(procid, &self.held))
    }

    /// A record about pages: counters always, the pages only for a session whose transaction began after redo did.
    fn page_record<T: RedoTarget>(
        &mut self,
        position: Lgpos,
        record: &Record<'_>,
        bytes: &[u8],
        target: &mut T,
    ) -> Result<()> {
        let Some(place) = Place::of(record) else { return Ok(()) };
        let Some(database) = target.database(place.dbid) else { return Ok(()) };
        database.saw(place.dbtime, place.objid);
        let session = self.session(place.procid);
        if !session.began() || position <= database.attached() {
            return Ok(());
        }
        let is_undo_info = matches!(record, Record::UndoInfo(_));
        if !is_undo_info && let Some(records) = session.open_macro(place.dbtime) {
            records.push(bytes.to_vec());
            return Ok(());
        }
        let at = At { position, start: session.start() };
        match record {
            Record::Split2(_) | Record::Merge2(_) | Record::RootPageMove(_) => {
                Err(log_corrupted(position, "a split or merge outside of a macro"))
            }
            Record::CreateMultipleExtentFdp(_)
            | Record::CreateSingleExtentFdp(_)
            | Record::ConvertFdp2(_)
            | Record::NewPage(_)
            | Record::EmptyTree(_)
            | Record::Scrub(_) => tree::redo(&mut self.counts, at, record, database),
            Record::PageMove(page_move) => structure::page_move(&mut self.counts, at, page_move, database),
            _ => self.node_record(at, record, database),
        }
    }

    /// Repeats a complete macro as one unit.
    fn macro_commit<T: RedoTarget>(
        &mut self,
        position: Lgpos,
        mark: &MacroMark,
        target: &mut T,
    ) -> Result<()> {
        let session = self.session(mark.procid);
        let began = session.began();
        let Some(records) = session.take_macro(mark.dbtime) else { return Ok(()) };
        if !began || records.is_empty() {
            return Ok(());
        }
        let decoded: Vec<Record<'_>> = records
            .iter()
            .map(|bytes| Record::decode(bytes))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::refused(error.jet(), format!("macro at {position}: {error}")))?;
        let at = At { position, start: session.start() };
        let Some(place) = decoded.iter().find_map(Place::of) else { return Ok(()) };
        let Some(database) = target.database(place.dbid) else { return Ok(()) };
        if decoded.iter().filter_map(Place::of).any(|other| other.dbid != place.dbid) {
            return Err(log_corrupted(position, "a macro over several databases"));
        }
        self.macro_records(at, &decoded, database)
    }
}

/// Who changes what, for every record about pages.
#[derive(Clone, Copy, Debug)]
struct Place {
    procid: u16,
    dbid: u8,
    dbtime: u64,
    objid: u32,
}

impl Place {
    fn of(record: &Record<'_>) -> Option<Self> {
        let of_page = |page: &PageOperation, objid: u32, dbtime: u64| Self {
            procid: page.procid,
            dbid: page.dbid,
            dbtime,
            objid,
        };
        let of_node = |node: &NodeOperation, dbtime| of_page(&node.page, node.objid, dbtime);
        Some(match record {
            Record::UndoInfo(undo_info) => of_node(&undo_info.node, 0),
            Record::NewPage(new) => {
                Self { procid: new.procid, dbid: new.dbid, dbtime: new.dbtime, objid: new.objid }
            }
            Record::RootPageMove(root) => {
                Self { procid: root.procid, dbid: root.dbid, dbtime: root.dbtime, objid: root.objid }
            }
            Record::Split2(split) => of_page(&split.split.page, split.split.objid, split.split.page.dbtime),
            Record::Merge2(merge) => of_page(&merge.merge.page, merge.merge.objid, merge.merge.page.dbtime),
            Record::PageMove(page_move) => of_page(&page_move.page, page_move.objid, page_move.page.dbtime),
            Record::CreateMultipleExtentFdp(create) => {
                of_page(&create.page, create.objid, create.page.dbtime)
            }
            Record::CreateSingleExtentFdp(create) => of_page(&create.page, create.objid, create.page.dbtime),
            Record::ConvertFdp2(convert) => {
                of_page(&convert.convert.page, convert.convert.objid, convert.convert.page.dbtime)
            }
            _ => {
                let node = record.node_operation()?;
                of_node(node, node.page.dbtime)
            }
        })
    }
}
