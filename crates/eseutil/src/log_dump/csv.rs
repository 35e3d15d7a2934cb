//! The CSV form of a log: one line for the header, one for each attached database, then the records (spec 10 §6.3.4).
//!
//! ```text
//! LHGI, log signature, generation, header checksum, created, previous created, version, circular flag, sector size
//! LHAI, dbid, "path", 28 signature bytes
//! LRPI, position, size, checksums, type, page, objid, dbid, dbtime before, dbtime after   one line a page
//! LRDI, position, size, checksums, type, dbid, "path", signature bytes                    create, attach, detach
//! LRRI/LRTI, position, size, checksums, type, dbid                                        resize / trim
//! LRCI/LRMI, position, size, checksums, type                                              range checksums / the rest
//! LTEL                                                                                    last, of a sound log only
//! ```
//!
//! Invariants: lines end with CR LF; a name with a quotation mark in it has that mark doubled.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ese_format::lgpos::Lgpos;
use ese_format::log::{LogFlags, LogHeader, Record};
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;

use crate::text_forms::{SignatureText, ZonelessText};

use super::page_references;
use super::record_names::dump_name;
use super::text::stored_path;

/// How the file is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvEncoding {
    /// UTF-8 without a mark.
    #[default]
    Utf8,
    /// UTF-16LE with a byte order mark, as the original writes it.
    Utf16,
}

/// A CSV file being written.
pub(crate) struct CsvFile {
    file: BufWriter<File>,
    path: PathBuf,
    encoding: CsvEncoding,
}

/// A record as CSV lines need it.
pub(crate) struct CsvRecord<'a> {
    /// Where it is shown.
    pub(crate) position: Lgpos,
    /// Its bytes, reassembled.
    pub(crate) bytes: &'a [u8],
    /// The same, decoded.
    pub(crate) record: &'a Record<'a>,
}

impl CsvFile {
    /// Creates the file, replacing one of that name.
    pub(crate) fn create(path: &Path, encoding: CsvEncoding) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        if encoding == CsvEncoding::Utf16 {
            file.write_all(&[0xFF, 0xFE])?;
        }
        Ok(Self { file, path: path.to_owned(), encoding })
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Everything reaches the file.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        match self.encoding {
            CsvEncoding::Utf8 => {
                self.file.write_all(text.as_bytes())?;
                self.file.write_all(b"\r\n")
            }
            CsvEncoding::Utf16 => text
                .encode_utf16()
                .chain([13, 10])
                .try_for_each(|unit| self.file.write_all(&unit.to_le_bytes())),
        }
    }

    /// The header line and one for each attached database.
    pub(crate) fn header(&mut self, header: &LogHeader) -> io::Result<()> {
        self.line(&format!(
            "LHGI, {}, {:08X}, {:08X}, {}, {}, {}, 0x{:x}, {}",
            SignatureText(&header.signature),
            header.generation.get(),
            header.checksum.get(),
            ZonelessText(&header.created),
            ZonelessText(&header.previous_created),
            header.version(),
            u8::from(header.log_flags().contains(LogFlags::CIRCULAR)),
            header.sector_bytes,
        ))?;
        for attachment in header.attachments().flatten() {
            let path = quoted(&stored_path(attachment.path));
            let signature = signature_bytes(&attachment.info.database_signature);
            self.line(&format!("LHAI, {}, {path}, {signature}", attachment.info.dbid))?;
        }
        Ok(())
    }

    /// The lines of one record.
    pub(crate) fn record(&mut self, csv: &CsvRecord<'_>) -> io::Result<()> {
        let Lgpos { ib, isec, generation } = csv.position;
        let position = format!("{:08X}:{:04X}:{:04X}", generation.get(), isec.get(), ib.get());
        let name = dump_name(csv.record.record_type() as u8);
        let (size, checksum) = (csv.bytes.len(), record_checksum(csv.position, checked_part(csv)));
        let common = |tag: &str, size: usize, checksum: u32| {
            format!("{tag}, {position}, {size:04X}, {:08X}{checksum:08X}, {name:<9}", 0)
        };
        let mut pages = page_references::of_record(csv.record);
        pages.extend(page_references::mentioned(csv.record));
        if !pages.is_empty() {
            for (index, page) in pages.iter().enumerate() {
                let size = if index == 0 { size } else { 0 };
                self.line(&format!(
                    "{}, {:08X}, {:08X}, {:08X}, {:016X}, {:016X}",
                    common("LRPI", size, checksum),
                    page.page,
                    page.objid,
                    page.dbid,
                    page.dbtime_before,
                    page.dbtime_after
                ))?;
            }
            return Ok(());
        }
        let database = |tag, dbid: u8| format!("{}, {dbid}", common(tag, size, checksum));
        let line = match csv.record {
            Record::CreateDb(record) => {
                let path = quoted(&stored_path(record.stored_path()));
                let signature = signature_bytes(&record.database_signature);
                format!("{}, {path}, {signature}", database("LRDI", record.dbid))
            }
            Record::AttachDb(record) => {
                let path = quoted(&stored_path(record.stored_path()));
                let signature = signature_bytes(&record.database_signature);
                format!("{}, {path}, {signature}", database("LRDI", record.dbid))
            }
            // A DetachDB holds no signature.
            Record::DetachDb(record) => {
                let path = quoted(&stored_path(record.stored_path()));
                format!("{}, {path}, ", database("LRDI", record.dbid))
            }
            Record::ExtendDb(record) => database("LRRI", record.dbid),
            Record::ShrinkDb(record) | Record::ShrinkDb2(record) => database("LRRI", record.shrink.dbid),
            Record::ShrinkDb3(record) => database("LRRI", record.shrink.dbid),
            Record::TrimDb(record) => database("LRTI", record.dbid),
            Record::Checksum(_) => common("LRCI", size, checksum),
            _ => common("LRMI", size, checksum),
        };
        self.line(&line)
    }

    /// The line that ends a sound log.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.line("LTEL")
    }
}

/// The bytes of a record that its check value covers: all, but for splits and merges with an image only the fixed
/// part (so the original's file for SRU00051.log; merges are taken to be like splits).
fn checked_part<'a>(csv: &CsvRecord<'a>) -> &'a [u8] {
    let fixed = match csv.record {
        Record::Split2(_) => 110,
        Record::Merge2(_) => 96,
        _ => csv.bytes.len(),
    };
    csv.bytes.get(..fixed).unwrap_or(csv.bytes)
}

/// The check value of a record: its bytes and its position as little-endian words, all XORed.
fn record_checksum(position: Lgpos, bytes: &[u8]) -> u32 {
    let words = bytes.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    });
    let place = u32::from(position.isec.get()) << 16 | u32::from(position.ib.get());
    words.fold(place ^ position.generation.get().cast_unsigned(), |sum, word| sum ^ word)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The 28 bytes of a signature in their stored order (spec 05 §1).
fn signature_bytes(signature: &Signature) -> String {
    let Signature { random, created, computer_name } = signature;
    let Logtime { seconds, minutes, hours, day, month, year_since_1900, low, high } = *created;
    let time = [seconds, minutes, hours, day, month, year_since_1900, low, high];
    let bytes = random.get().to_le_bytes().into_iter().chain(time).chain(*computer_name);
    bytes.map(|byte| format!("{byte:02X} ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_a_record_counts_its_place() {
        // BELKA SRU00051.log: a Commit and an ExtendDB as the original's CSV shows them.
        let position = |ib| Lgpos::new(0x51, 1, ib);
        assert_eq!(record_checksum(position(0x222), &[6, 5, 0, 1]), 0x0101_0775);
        let extend = [0x44, 5, 0, 0, 0, 1, 0xFE, 2, 0, 0];
        assert_eq!(record_checksum(position(0xA2E), &extend), 0x02FF_0E3B);
    }

    #[test]
    fn quotation_marks_in_a_path_are_doubled() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
