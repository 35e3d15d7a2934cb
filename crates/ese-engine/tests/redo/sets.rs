//! Sets of files of the corpus: logs in order, and the databases before and after.

use std::collections::BTreeMap;
use std::path::Path;

use ese_engine::error::Result;
use ese_engine::redo::{Redo, RedoDatabase, RedoDatabaseStart, RedoTarget};
use ese_format::database_header::{DatabaseHeader, choose_header};
use ese_format::lgpos::Lgpos;
use ese_format::log::reader::{LogFile, LogRecord};
use ese_format::log::record::{Begin0, BeginLevels, Record};
use ese_format::page::ReservedTagForm;

use crate::memory::{MemoryPages, OneDatabase};

/// Logs by generation; those of a later folder replace the same generations of an earlier one.
pub(crate) struct Logs(pub(crate) BTreeMap<i32, Vec<u8>>);

impl Logs {
    /// The logs of these folders below the corpus.
    pub(crate) fn of(corpus: &Path, folders: &[&str]) -> Self {
        let mut logs = BTreeMap::new();
        for folder in folders {
            for file in ese_corpus::files_ending(&corpus.join(folder), &[".log"]) {
                // Logs in folders below are of other stages of the set.
                if file.name.contains('/') {
                    continue;
                }
                let bytes = file.bytes();
                if let Ok(log) = LogFile::read(&bytes) {
                    logs.insert(log.header().generation.get(), bytes);
                }
            }
        }
        Self(logs)
    }

    pub(crate) fn generations(&self) -> String {
        let first = self.0.first_key_value().map_or(0, |(generation, _)| *generation);
        let last = self.0.last_key_value().map_or(0, |(generation, _)| *generation);
        format!("{first:X}-{last:X}")
    }

    /// Calls `visit` for every record, in order.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&LogRecord<'_>)) {
        for bytes in self.0.values() {
            let log = LogFile::read(bytes).expect("a log of the corpus");
            for record in log.records() {
                visit(&record);
            }
        }
    }
}

/// Ends sessions where a run of the engine ends, gives everything else to redo.
pub(crate) fn feed<T: RedoTarget>(redo: &mut Redo, record: &LogRecord<'_>, target: &mut T) -> Result<()> {
    let decoded = record.decode().expect("a record of the corpus");
    match decoded {
        Record::Init(_)
        | Record::Init2(_)
        | Record::Term(_)
        | Record::Term2(_)
        | Record::RecoveryQuit(_)
        | Record::RecoveryQuit2(_) => {
            redo.end_sessions();
            Ok(())
        }
        _ => redo.record(record.position, &decoded, &record.bytes, target),
    }
}

/// A database whose pages may have changes of the generations up to `required_through`.
pub(crate) fn one_database(pages: MemoryPages, dbid: u8, required_through: i32) -> OneDatabase {
    let start = RedoDatabaseStart {
        reserved_tags: ReservedTagForm::Implied,
        attached: Lgpos::NULL,
        required_through,
        last_resize: Lgpos::NULL,
        dbtime: 0,
        objid_last: 0,
    };
    OneDatabase { dbid, database: RedoDatabase::new(pages, start) }
}

/// The header of a database file of the corpus.
pub(crate) fn header_of(file: &[u8]) -> DatabaseHeader {
    choose_header(file).expect("a header of the corpus").header
}

/// A file of the corpus, unpacked.
pub(crate) fn bytes_of(corpus: &Path, name: &str) -> Vec<u8> {
    ese_corpus::file(corpus, name).unwrap_or_else(|| panic!("no {name}")).bytes()
}

/// Begins a transaction in every session: of a stream whose beginning is lost, what is left is replayed all the same.
pub(crate) fn begin_everywhere<T: RedoTarget>(redo: &mut Redo, target: &mut T) {
    for procid in 1..200 {
        let levels = BeginLevels::new(0, 1).expect("one level");
        let begin = Record::Begin0(Begin0 { procid, levels, trx_begin0: 4 });
        let bytes = begin.encode().expect("a short record");
        redo.record(Lgpos::new(1, 1, 1), &begin, &bytes, target).expect("a begin");
    }
}
