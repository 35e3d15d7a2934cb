//! `info`: what a file is, in a few lines (spec 10 §10.2).
//!
//! Invariant: a kind is named only where a header of that kind is sound.

use std::io::Write;
use std::path::Path;

use ese_format::checkpoint::{CHECKPOINT_FILE_BYTES, Checkpoint};
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::flush_map::{FlushMapHeader, MapState};
use ese_format::log::LogHeader;
use serde_json::{Value, json};

use crate::failure::{CommandResult, Failure};
use crate::header_dump;
use crate::output::Output;
use crate::source_file::SourceFile;
use crate::text_forms::{LgposText, lgpos_json};

/// One line: label, text, name and value in the JSON document.
struct Line {
    label: &'static str,
    text: String,
    value: Value,
}

impl Line {
    fn new(label: &'static str, text: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { label, text: text.into(), value: value.into() }
    }
}

/// Says what a file is.
///
/// # Errors
/// JET_errFileInvalidType when no sound header of a known kind is there.
pub fn run(source: &Path, out: &mut Output<'_>) -> CommandResult {
    let file = SourceFile::open(source)?;
    let kind = file.kind()?;
    let probe = file.probe()?;
    let of_format = |error| Failure::of_format(error, source);
    let mut lines = match kind {
        Some(FileKind::Database) => database(&file)?,
        Some(FileKind::Log) => log(&probe).map_err(of_format)?,
        Some(FileKind::Checkpoint) => {
            checkpoint(&file.bytes_at(0, CHECKPOINT_FILE_BYTES)?).map_err(of_format)?
        }
        Some(FileKind::FlushMap) => flush_map(&probe).map_err(of_format)?,
        Some(FileKind::ReserveLog | FileKind::Patch) | None => {
            let problem = Problem::Invalid("no sound header of a database, log, checkpoint or flush map");
            let error =
                FormatError::new(FileKind::Database, 0, "header", problem, JetError::FILE_INVALID_TYPE);
            return Err(of_format(error));
        }
    };
    lines.push(Line::new("size", format!("{} bytes", file.length()), file.length()));
    let name = kind.map(|kind| kind.to_string()).unwrap_or_default();
    writeln!(out, "{:>16}: {}", "file", source.display())?;
    writeln!(out, "{:>16}: {name}", "kind")?;
    out.set("kind", name);
    for Line { label, text, value } in lines {
        writeln!(out, "{label:>16}: {text}")?;
        out.set(&label.replace(' ', "_"), value);
    }
    Ok(())
}

fn database(file: &SourceFile) -> CommandResult<Vec<Line>> {
    let header = file.header()?.header;
    let version = header.version().to_string();
    let state = header.fields.state.get();
    let state_text = header_dump::state_text(state);
    let bytes = header.page_size().bytes();
    Ok(vec![
        Line::new("format version", version.clone(), version),
        Line::new("page size", bytes.to_string(), bytes),
        Line::new("state", state_text, json!({ "value": state, "text": state_text })),
    ])
}

fn log(probe: &[u8]) -> Result<Vec<Line>, FormatError> {
    let header = LogHeader::read(probe)?;
    let (version, generation) = (header.version().to_string(), header.generation.get());
    let page_size = header.page_size().map(|size| size.bytes());
    let page_text = page_size.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string());
    Ok(vec![
        Line::new("format version", version.clone(), version),
        Line::new("page size", page_text, page_size),
        Line::new("generation", format!("{generation} (0x{generation:X})"), generation),
    ])
}

fn checkpoint(bytes: &[u8]) -> Result<Vec<Line>, FormatError> {
    let (checkpoint, _) = Checkpoint::read(bytes)?;
    let position = checkpoint.checkpoint;
    Ok(vec![Line::new("checkpoint", LgposText(position).to_string(), lgpos_json(position))])
}

fn flush_map(probe: &[u8]) -> Result<Vec<Line>, FormatError> {
    let header = FlushMapHeader::decode(probe)?;
    let fields = &header.fields;
    let version = format!("{}.{}.{}", fields.version, fields.update_major, fields.update_minor);
    let state = if header.state() == MapState::Clean { "clean" } else { "not clean" };
    Ok(vec![Line::new("format version", version.clone(), version), Line::new("state", state, state)])
}
