//! What JetInit3 and JetInit4 are told beside their flags: where databases are now, where redo stops, and whom to tell and
//! ask on the way (spec 06 §8.1, §16).

use std::ffi::c_void;
use std::path::Path;

use ese_engine::recovery::{
    MapEntry, MapOptions, RecoveringDatabase, RecoveryControl, RecoveryEvent, RecoveryOptions,
    RecoveryProgress, StopPosition,
};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use widestring::U16String;

use super::answer::database_header;
use super::argument::Text;
use crate::abi::handles::RawHandle;
use crate::abi::structs::*;
use crate::abi::tables::enums::*;
use crate::abi::tables::typedefs::*;

/// Databases of a map at most: what a log can have attached, generously.
const ENTRIES_MAX: usize = 4096;
/// Longest path in units.
const PATH_UNITS_MAX: usize = 4096;
/// Parts and bytes of a sector number and an offset that stand for the end of a generation.
const END: u16 = u16::MAX;

/// Whom recovery tells and asks.
#[derive(Clone, Copy, Debug)]
enum Callback {
    /// JetInit3's.
    Status(unsafe extern "system" fn(JET_SESID, JET_SNP, JET_SNT, *mut c_void) -> JET_ERR),
    /// JetInit4's, with what it is given back.
    Init(unsafe extern "system" fn(JET_SNP, JET_SNT, *mut c_void, *mut c_void) -> JET_ERR, *mut c_void),
}

/// What a start is told.
#[derive(Debug, Default)]
pub(super) struct RestoreInfo {
    /// Where databases are now; without a map all are where the log says.
    pub(super) map: Option<Vec<MapEntry>>,
    /// Where redo stops.
    pub(super) stop: Option<StopPosition>,
    callback: Option<Callback>,
}

impl RestoreInfo {
    /// Who stands between recovery and the program.
    pub(super) fn control(&self, instance: RawHandle, options: RecoveryOptions) -> ProgramControl {
        let asks = options.contains(RecoveryOptions::EXTERNAL_CONTROL);
        ProgramControl { callback: self.callback, instance, asks, recovery: RecoveryKind::Soft }
    }
}

/// Who stands between a restore and the program: it is asked in any case (spec 07 §13).
pub(super) fn restore_control(callback: JET_PFNSTATUS, instance: RawHandle) -> ProgramControl {
    let callback = callback.map(Callback::Status);
    ProgramControl { callback, instance, asks: true, recovery: RecoveryKind::Hard }
}

/// The position at which redo stops, where there is one.
fn stop_of(position: JET_LGPOS) -> Option<StopPosition> {
    let (generation, isec, ib) = (position.lGeneration, position.isec, position.ib);
    match (generation, isec, ib) {
        (i32::MIN..=0 | i32::MAX, _, _) => None,
        (_, END, _) => Some(StopPosition::AfterGeneration(generation)),
        _ => Some(StopPosition::Before(Lgpos::new(generation, isec, ib))),
    }
}

/// One database of a map.
fn entry(recorded: Text, now: Text, grbit: JET_GRBIT) -> Result<MapEntry, JetError> {
    let logged = recorded.read(PATH_UNITS_MAX, JetError::INVALID_PARAMETER)?;
    let logged = logged.map(|text| text.to_string().map_err(|_| JetError::INVALID_PATH)).transpose()?;
    let path = now.path()?.ok_or(JetError::INVALID_PARAMETER)?;
    Ok(MapEntry { logged, path, options: MapOptions::from_bits_truncate(grbit) })
}

/// The number of entries of a map, checked.
fn entries<T>(map: *const T, count: i32) -> Result<usize, JetError> {
    let count = usize::try_from(count).map_err(|_| JetError::INVALID_PARAMETER)?;
    if count > ENTRIES_MAX || (count > 0 && map.is_null()) {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(count)
}

/// A map without entries is none.
fn map_of(entries: Vec<MapEntry>) -> Option<Vec<MapEntry>> {
    (!entries.is_empty()).then_some(entries)
}

/// Makes the reader of a JET_RSTINFO in one form.
macro_rules! restore_info {
    ($name:ident, $info:ident, $text:ident) => {
        /// What the structure says; nothing for NULL.
        ///
        /// # Safety
        /// `info` is NULL or may be read in the length that it says, and so its map and the map's texts.
        pub(super) unsafe fn $name(info: *const $info) -> Result<RestoreInfo, JetError> {
            if info.is_null() {
                return Ok(RestoreInfo::default());
            }
            // SAFETY: the size comes first, and says how much more may be read.
            let bytes = unsafe { info.cast::<u32>().read_unaligned() };
            if bytes as usize != size_of::<$info>() {
                return Err(JetError::INVALID_PARAMETER);
            }
            // SAFETY: it is as long as the structure.
            let info = unsafe { info.read_unaligned() };
            let one = |index| {
                // SAFETY: the map has more entries than this index, whose texts are NULL or NUL-terminated.
                unsafe {
                    let found = info.rgrstmap.add(index).read_unaligned();
                    entry(Text::$text(found.szDatabaseName), Text::$text(found.szNewDatabaseName), 0)
                }
            };
            let map = (0..entries(info.rgrstmap, info.crstmap)?).map(one).collect::<Result<_, _>>()?;
            let callback = info.pfnStatus.map(Callback::Status);
            Ok(RestoreInfo { map: map_of(map), stop: stop_of(info.lgposStop), callback })
        }
    };
}

restore_info!(narrow, JET_RSTINFO_A, ansi);
restore_info!(wide, JET_RSTINFO_W, wide);

/// Makes the reader of a JET_RSTINFO2 in one form.
macro_rules! restore_info2 {
    ($name:ident, $info:ident, $entry:ident, $text:ident) => {
        /// What the structure says; nothing for NULL.
        ///
        /// # Safety
        /// `info` is NULL or may be read in the length that it says, and so its map and the map's texts.
        pub(super) unsafe fn $name(info: *const $info) -> Result<RestoreInfo, JetError> {
            if info.is_null() {
                return Ok(RestoreInfo::default());
            }
            // SAFETY: the size comes first, and says how much more may be read.
            let bytes = unsafe { info.cast::<u32>().read_unaligned() };
            if bytes as usize != size_of::<$info>() {
                return Err(JetError::INVALID_PARAMETER);
            }
            // SAFETY: it is as long as the structure.
            let info = unsafe { info.read_unaligned() };
            let one = |index| {
                // SAFETY: the map has more entries than this index, whose texts are NULL or NUL-terminated.
                unsafe {
                    let found = info.rgrstmap.add(index).read_unaligned();
                    if found.cbStruct as usize != size_of::<$entry>() {
                        return Err(JetError::INVALID_PARAMETER);
                    }
                    let (recorded, now) = (found.szDatabaseName, found.szNewDatabaseName);
                    entry(Text::$text(recorded), Text::$text(now), found.grbit)
                }
            };
            let map = (0..entries(info.rgrstmap, info.crstmap)?).map(one).collect::<Result<_, _>>()?;
            let context = info.pvCallbackContext;
            let callback = info.pfnCallback.map(|function| Callback::Init(function, context));
            Ok(RestoreInfo { map: map_of(map), stop: stop_of(info.lgposStop), callback })
        }
    };
}

restore_info2!(narrow2, JET_RSTINFO2_A, JET_RSTMAP2_A, ansi);
restore_info2!(wide2, JET_RSTINFO2_W, JET_RSTMAP2_W, wide);

/// What is told how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecoveryKind {
    /// At the start of an instance.
    Soft,
    /// Of a backup: numbers at the begin and at the end, no failure, and what is only told cannot end it.
    Hard,
}

/// The program's side of a recovery.
#[derive(Debug)]
pub(super) struct ProgramControl {
    callback: Option<Callback>,
    instance: RawHandle,
    /// Whether it is asked, and not told only.
    asks: bool,
    recovery: RecoveryKind,
}

impl ProgramControl {
    fn call(&self, snp: JET_SNP, snt: JET_SNT, pv: *mut c_void) -> Option<JET_ERR> {
        // SAFETY: the program's function takes these arguments, and what they point to lives for the length of its call.
        Some(unsafe {
            match self.callback? {
                Callback::Status(function) => function(JET_sesidNil, snp, snt, pv),
                Callback::Init(function, context) => function(snp, snt, pv, context),
            }
        })
    }

    fn ask(&self, default: JetError, snt: JET_SNT, member: JET_RECOVERYCONTROL__anonymous_24) -> JetError {
        let mut control = JET_RECOVERYCONTROL {
            cbStruct: size_of::<JET_RECOVERYCONTROL>() as u32,
            errDefault: default.code(),
            instance: self.instance,
            sntUnion: snt,
            anonymous_24: member,
        };
        let answer = self.call(JET_snpRecoveryControl, snt, (&raw mut control).cast());
        answer.map_or(default, JetError::from_code)
    }
}

/// A path as a terminated W text.
fn terminated(path: &Path) -> Vec<WCHAR> {
    let mut text = U16String::from_str(&path.to_string_lossy()).into_vec();
    text.push(0);
    text
}

fn headers(databases: &[RecoveringDatabase]) -> Vec<JET_DBINFOMISC7> {
    databases.iter().map(|database| database_header(&database.header)).collect()
}

/// The structure of one event: the union's face, filled.
macro_rules! face {
    ($member:ident, $type:ident { $($field:ident: $value:expr),* $(,)? }) => {
        JET_RECOVERYCONTROL__anonymous_24 {
            $member: $type { cbStruct: size_of::<$type>() as u32, $($field: $value),* },
        }
    };
}

impl RecoveryControl for ProgramControl {
    fn decide(&mut self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        if !self.asks || self.callback.is_none() {
            return default;
        }
        let answer = self.show(event, default);
        let is_told_only = matches!(
            event,
            RecoveryEvent::Notification { .. }
                | RecoveryEvent::AttachedDatabase { .. }
                | RecoveryEvent::DetachingDatabase { .. }
        );
        if self.recovery == RecoveryKind::Hard && is_told_only { default } else { answer }
    }

    fn progress(&mut self, progress: RecoveryProgress) -> JetError {
        let (snt, done) = match (progress, self.recovery) {
            (RecoveryProgress::Begin, RecoveryKind::Soft) => (JET_sntBegin, None),
            (RecoveryProgress::Begin, RecoveryKind::Hard) => (JET_sntBegin, Some(0)),
            (RecoveryProgress::Percent(percent), _) => (JET_sntProgress, Some(u32::from(percent))),
            (RecoveryProgress::Complete, RecoveryKind::Soft) => (JET_sntComplete, None),
            (RecoveryProgress::Complete, RecoveryKind::Hard) => (JET_sntComplete, Some(100)),
            (RecoveryProgress::Fail, RecoveryKind::Soft) => (JET_sntFail, None),
            (RecoveryProgress::Fail, RecoveryKind::Hard) => return JetError::from_code(0),
        };
        let mut told = JET_SNPROG {
            cbStruct: size_of::<JET_SNPROG>() as u32,
            cunitDone: done.unwrap_or_default(),
            cunitTotal: 100,
        };
        let pv = if done.is_some() { (&raw mut told).cast() } else { std::ptr::null_mut() };
        // What the program answers to progress does not count (spec 07 §18, D8).
        let _ = self.call(JET_snpRestore, snt, pv);
        JetError::from_code(0)
    }
}

impl ProgramControl {
    /// Shows an event to the program; its answer.
    fn show(&self, event: &RecoveryEvent<'_>, default: JetError) -> JetError {
        let rgbReserved = [0; 6];
        match event {
            RecoveryEvent::OpenLog { generation, is_current, reason, path, databases } => {
                let (mut path, mut infos) = (terminated(path), headers(databases));
                self.ask(
                    default,
                    JET_sntOpenLog,
                    face!(
                        OpenLog,
                        JET_RECOVERYCONTROL__OpenLog {
                            lGenNext: generation.unsigned_abs(),
                            bits_32: (*is_current).into(),
                            eReason: *reason as u8,
                            rgbReserved: rgbReserved,
                            wszLogFile: path.as_mut_ptr(),
                            cdbinfomisc: infos.len() as u32,
                            rgdbinfomisc: infos.as_mut_ptr(),
                        }
                    ),
                )
            }
            RecoveryEvent::OpenCheckpoint { path: _ } => self.ask(
                default,
                JET_sntOpenCheckpoint,
                face!(
                    OpenCheckpoint,
                    JET_RECOVERYCONTROL__OpenCheckpoint { wszCheckpoint: std::ptr::null_mut() }
                ),
            ),
            RecoveryEvent::MissingLog { generation, is_current, next, path, databases } => {
                let (mut path, mut infos) = (terminated(path), headers(databases));
                self.ask(
                    default,
                    JET_sntMissingLog,
                    face!(
                        MissingLog,
                        JET_RECOVERYCONTROL__MissingLog {
                            lGenMissing: generation.unsigned_abs(),
                            bits_32: (*is_current).into(),
                            eNextAction: *next as u8,
                            rgbReserved: rgbReserved,
                            wszLogFile: path.as_mut_ptr(),
                            cdbinfomisc: infos.len() as u32,
                            rgdbinfomisc: infos.as_mut_ptr(),
                        }
                    ),
                )
            }
            RecoveryEvent::BeginUndo { databases } => {
                let mut infos = headers(databases);
                self.ask(
                    default,
                    JET_sntBeginUndo,
                    face!(
                        BeginUndo,
                        JET_RECOVERYCONTROL__BeginUndo {
                            cdbinfomisc: infos.len() as u32,
                            rgdbinfomisc: infos.as_mut_ptr(),
                        }
                    ),
                )
            }
            RecoveryEvent::Notification { event } => self.ask(
                default,
                JET_sntNotificationEvent,
                face!(NotificationEvent, JET_RECOVERYCONTROL__NotificationEvent { EventID: *event }),
            ),
            RecoveryEvent::SignalErrorCondition => self.ask(
                default,
                JET_sntSignalErrorCondition,
                face!(SignalErrorCondition, JET_RECOVERYCONTROL__SignalErrorCondition {}),
            ),
            RecoveryEvent::AttachedDatabase { path } => {
                let path = terminated(path);
                self.ask(
                    default,
                    JET_sntAttachedDb,
                    face!(AttachedDb, JET_RECOVERYCONTROL__AttachedDb { wszDbPath: path.as_ptr() }),
                )
            }
            RecoveryEvent::DetachingDatabase { path } => {
                let path = terminated(path);
                self.ask(
                    default,
                    JET_sntDetachingDb,
                    face!(DetachingDb, JET_RECOVERYCONTROL__DetachingDb { wszDbPath: path.as_ptr() }),
                )
            }
            RecoveryEvent::CommitContext { bytes, is_before_commit } => self.ask(
                default,
                JET_sntCommitCtx,
                face!(
                    CommitCtx,
                    JET_RECOVERYCONTROL__CommitCtx {
                        pbCommitCtx: bytes.as_ptr().cast(),
                        cbCommitCtx: bytes.len() as u32,
                        fCallbackType: (*is_before_commit).into(),
                    }
                ),
            ),
        }
    }
}
