//! The header and the map pages of a flush map (spec 01 §12.6).

use std::io::Write;

use ese_format::checksum::verify_header;
use ese_format::error::{FileKind, FormatError, JetError, Problem};
use ese_format::flush_map::{MAP_PAGE_BYTES, MapPage};

use crate::failure::{CommandResult, Failure};
use crate::output::Output;
use crate::source_file::SourceFile;

/// Checks a flush map. Pages of zeros are verified: nothing is known on them.
pub(super) fn run(file: &SourceFile, out: &mut Output<'_>) -> CommandResult {
    let bytes = MAP_PAGE_BYTES as u64;
    let (mut verified, mut failed) = (0_u64, 0_u64);
    let mut first_failure = None;
    for index in 0..file.length() / bytes {
        let page = file.bytes_at(index.saturating_mul(bytes), MAP_PAGE_BYTES)?;
        match judge(&page, index) {
            Ok(()) => verified = verified.saturating_add(1),
            Err(error) => {
                failed = failed.saturating_add(1);
                out.complain(format_args!(
                    "ERROR: flush map page {} checksum failed",
                    map_page_number(index)
                ))?;
                first_failure.get_or_insert_with(|| {
                    Failure::of_format(error, file.path()).with_jet(JetError::DATABASE_CORRUPTED)
                });
            }
        }
    }
    out.set("pages_verified", verified);
    out.set("pages_failed", failed);
    write!(out, "\n\n.\n")?;
    writeln!(out, "{verified} page(s) verified.")?;
    writeln!(out, "{failed} page(s) failed verification.")?;
    write!(out, "0 page(s) passed verification with a warning.\n\n\n\n")?;
    first_failure.map_or(Ok(()), |failure| {
        write!(out, "\n\n")?;
        Err(failure)
    })
}

/// The number of a map page: the header is -1.
fn map_page_number(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_sub(1)
}

fn judge(page: &[u8], index: u64) -> Result<(), FormatError> {
    if index == 0 {
        return verify_header(page).map_err(|(stored, computed)| {
            let problem = Problem::Checksum { stored: stored.into(), computed: computed.into() };
            FormatError::new(
                FileKind::FlushMap,
                0,
                "checksum of the header",
                problem,
                JetError::DATABASE_CORRUPTED,
            )
        });
    }
    if page.iter().all(|&byte| byte == 0) {
        return Ok(());
    }
    MapPage::decode(page, u32::try_from(map_page_number(index)).unwrap_or(u32::MAX)).map(drop)
}
