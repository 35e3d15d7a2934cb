//! Reading a log file: the header first, the rest only when the file has the length that the header says.
//!
//! Invariant: no more is read than a header allows, 65535 sectors of 4096 bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::log::{LOG_HEADER_BYTES, LogHeader};

use crate::failure::{Failure, jet_of_io};

/// Offset of the attach list in the header (spec 05 §4.1).
const ATTACH_LIST_AT: u64 = 671;

/// Why a log cannot be looked into: the sentence that the original prints, and the failure.
pub(super) struct Unreadable {
    pub(super) sentence: String,
    pub(super) failure: Failure,
}

/// The bytes of the log at `path`, its header checked; `shown` is its name in sentences.
pub(super) fn read(path: &Path, shown: &Path) -> Result<Vec<u8>, Unreadable> {
    let cannot_open = |error: &io::Error| Unreadable {
        sentence: format!("Cannot open log file ({}). Error {}.", shown.display(), jet_of_io(error).code()),
        failure: Failure::of_io(error, shown),
    };
    let file_error = |error: &io::Error| Unreadable {
        sentence: format!("File error {}.", jet_of_io(error).code()),
        failure: Failure::of_io(error, shown),
    };
    let bad_header = |error: FormatError| Unreadable {
        sentence: format!("Cannot read log file header. Error {}.", error.jet().code()),
        failure: Failure::of_format(error, shown),
    };
    let mut file = File::open(path).map_err(|error| cannot_open(&error))?;
    let metadata = file.metadata().map_err(|error| cannot_open(&error))?;
    if metadata.is_dir() {
        return Err(cannot_open(&io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    read_up_to(&mut file, LOG_HEADER_BYTES as u64, &mut bytes).map_err(|error| file_error(&error))?;
    let header = LogHeader::read(&bytes).map_err(bad_header)?;
    if let Some(error) = header.attachments().find_map(Result::err) {
        return Err(bad_header(error.offset_by(ATTACH_LIST_AT)));
    }
    let expected = header.file_bytes();
    let found = metadata.len();
    if found == expected {
        let rest = expected.saturating_sub(bytes.len() as u64);
        read_up_to(&mut file, rest, &mut bytes).map_err(|error| file_error(&error))?;
    }
    let complete = if found == expected { bytes.len() as u64 } else { found };
    if complete != expected {
        let problem = Problem::Mismatch { found: complete, expected };
        let jet = JetError::LOG_FILE_SIZE_MISMATCH;
        return Err(bad_header(FormatError::new(
            FileKind::Log,
            12,
            "file sectors (length of the file)",
            problem,
            jet,
        )));
    }
    Ok(bytes)
}

fn read_up_to(file: &mut File, length: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.take(length).read_to_end(bytes).map(|_| ())
}
