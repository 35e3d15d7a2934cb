//! `/mh`: the database header (spec 10 §6.1), from whatever file has a header-sized block with a sound checksum.
//!
//! Invariants: text and JSON come from the same [`HeaderFields`]; the text shows a copy even if its checksum is wrong
//! (`/v`), and says so.

mod json;
mod text;

use std::io::Write;
use std::path::Path;

use ese_format::checksum::verify_header;
use ese_format::database_header::HeaderFields;
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::page_size::PageSize;
use serde_json::{Value, json};
use zerocopy::FromBytes;

use crate::command_line::{DumpOptions, Settings, Verbosity};
use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::{self, SourceFile};

pub(crate) use text::state_text;

/// One copy of a header as it lies in the file.
struct HeaderCopy {
    bytes: Vec<u8>,
    /// None when the file ends inside the copy.
    fields: Option<HeaderFields>,
    stored: u32,
    computed: u32,
}

/// Which of the two copies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Primary,
    Shadow,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Shadow => "shadow",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Primary => "DATABASE HEADER:",
            Self::Shadow => "DATABASE SHADOW HEADER:",
        }
    }

    fn checksum_field(self) -> &'static str {
        match self {
            Self::Primary => "checksum of the primary header",
            Self::Shadow => "checksum of the shadow header",
        }
    }
}

impl HeaderCopy {
    fn read(file: &SourceFile, which: Which, size: PageSize) -> CommandResult<Self> {
        let offset = if which == Which::Primary { 0 } else { size.bytes() as u64 };
        let bytes = file.bytes_at(offset, size.bytes())?;
        let whole = bytes.len() == size.bytes();
        let fields = HeaderFields::read_from_prefix(&bytes).ok().map(|(fields, _)| fields).filter(|_| whole);
        let (stored, computed) = match verify_header(&bytes) {
            Ok(()) => {
                let stored = fields.map_or(0, |fields| fields.checksum.get());
                (stored, stored)
            }
            Err(pair) => pair,
        };
        Ok(Self { bytes, fields, stored, computed })
    }

    /// The fields, if the copy is whole and its checksum holds.
    fn sound(&self) -> Option<&HeaderFields> {
        self.fields.as_ref().filter(|_| self.stored == self.computed)
    }

    fn error(&self, which: Which, size: PageSize) -> FormatError {
        let offset = if which == Which::Primary { 0 } else { size.bytes() as u64 };
        let problem = if self.fields.is_none() {
            Problem::Truncated { needed: size.bytes() as u64, available: self.bytes.len() as u64 }
        } else {
            Problem::Checksum { stored: self.stored.into(), computed: self.computed.into() }
        };
        FormatError::new(
            FileKind::Database,
            offset,
            which.checksum_field(),
            problem,
            JetError::DATABASE_CORRUPTED,
        )
    }

    fn to_json(&self) -> Value {
        let mut value =
            self.fields.as_ref().map_or_else(|| json!({}), |fields| json::fields(fields, &self.bytes));
        value["expected_checksum"] = json!(self.stored);
        value["actual_checksum"] = json!(self.computed);
        value
    }
}

/// Dumps a database header.
///
/// # Errors
/// When the file cannot be read or both copies are bad (JET_errDatabaseCorrupted).
pub fn run(source: &Path, options: &DumpOptions, settings: &Settings, out: &mut Output<'_>) -> CommandResult {
    let (file, size) = source_file::open_with_page_size(source, settings, out)?;
    out.frame(format_args!("         Database: {}\n\n", source.display()))?;
    let primary = HeaderCopy::read(&file, Which::Primary, size)?;
    let shadow = HeaderCopy::read(&file, Which::Shadow, size)?;
    let chosen = match (primary.sound(), shadow.sound()) {
        (Some(_), _) => Some(Which::Primary),
        (None, Some(_)) => Some(Which::Shadow),
        (None, None) => None,
    };
    out.set("file", source.to_string_lossy());
    out.set("page_size", size.bytes());
    out.set("copy_used", chosen.map_or(Value::Null, |which| json!(which.name())));
    out.set("primary", primary.to_json());
    out.set("shadow", shadow.to_json());
    let both = options.verbosity > Verbosity::Summary;
    let mut merged = false;
    for (which, copy) in [(Which::Primary, &primary), (Which::Shadow, &shadow)] {
        let wanted = chosen.is_some() && (both || chosen == Some(which));
        if let Some(fields) = copy.fields.as_ref().filter(|_| wanted) {
            writeln!(out, "\n{}", which.title())?;
            text::copy(fields, copy, out)?;
            if fields.backup_full_current.generation_low.get() != 0
                && fields.backup_full_current.generation_high.get() == 0
            {
                let trailer = text::read_trailer(&file, copy, size)?;
                text::trailer(&trailer, out)?;
                out.set("trailer", json::trailer(&trailer));
                text::no_signatures(out)?;
                merged = true;
            } else {
                text::signatures(fields, copy, out)?;
            }
        }
    }
    warnings(&primary, &shadow, size, merged, out)?;
    write!(out, "\n\n")?;
    let damaged = [(Which::Primary, &primary), (Which::Shadow, &shadow)]
        .into_iter()
        .find(|(_, copy)| copy.sound().is_none());
    match (chosen, damaged) {
        (None, Some((which, copy))) => Err(Failure::of_format(copy.error(which, size), source)),
        (_, Some((which, copy))) => {
            out.note_damage(&Failure::of_format(copy.error(which, size), source))?;
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

const NOT_IDENTICAL: &str = "primary header and shadow header are not identical.";

/// The warnings behind the dump (spec 10 §6.1.2): they cover both copies, whichever was printed.
fn warnings(
    primary: &HeaderCopy,
    shadow: &HeaderCopy,
    size: PageSize,
    merged: bool,
    out: &mut Output<'_>,
) -> CommandResult {
    let mut sentences = Vec::new();
    // The original compares after it has merged a trailer into one copy in memory.
    if merged || primary.bytes != shadow.bytes {
        sentences.push(NOT_IDENTICAL.to_owned());
    }
    for (which, copy) in [(Which::Primary, primary), (Which::Shadow, shadow)] {
        let name = which.name();
        if copy.bytes.len() != size.bytes() {
            sentences.push(format!("{name} header has an unexpected size of {} bytes.", copy.bytes.len()));
        } else if copy.sound().is_none() {
            sentences.push(format!("{name} header has a checksum error."));
        }
    }
    if size == PageSize::K2 {
        sentences.push("this is a legacy database using a 2KB page size, which can only be read.".to_owned());
    }
    writeln!(out)?;
    for sentence in sentences {
        writeln!(out, "WARNING: {sentence}")?;
        out.warn(sentence);
    }
    Ok(())
}
