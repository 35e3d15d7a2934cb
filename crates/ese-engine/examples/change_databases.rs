//! Changes copies of other engines' databases for independent readers: `change_databases CORPUS FOLDER [BYTES_MAX]`.
//!
//! Every database below CORPUS that was closed cleanly and has BYTES_MAX bytes at most is copied into FOLDER, attached,
//! changed in every table as the tests do it, and detached. The verifier must find nothing then; what is in the rows is for
//! the readers to say.

use std::error::Error;
use std::path::PathBuf;

use ese_engine::database::{Database, OpenOptions};
use ese_engine::io::Host;
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::database_header::{DatabaseState, MAGIC, PROBE_BYTES, choose_header};

#[path = "../tests/table/change.rs"]
#[allow(dead_code, reason = "shared with the tests, which look at all of it")]
mod change;

/// Rows changed in each table.
const ROWS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "change_databases CORPUS FOLDER [BYTES_MAX]";
    let corpus = PathBuf::from(arguments.next().ok_or(usage)?);
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let bytes_max = match arguments.next() {
        Some(bytes) => bytes.to_string_lossy().parse()?,
        None => usize::MAX,
    };
    let mut done = change::Done::default();
    for file in ese_corpus::files(&corpus) {
        let bytes = file.bytes();
        let Ok(pair) = choose_header(bytes.get(..PROBE_BYTES).unwrap_or(&bytes)) else { continue };
        let is_clean = pair.header.fields.magic.get() == MAGIC
            && pair.header.state() == Some(DatabaseState::CleanShutdown);
        if !is_clean || bytes.len() > bytes_max {
            continue;
        }
        let name = file.name.trim_end_matches(".gz").replace('/', "-");
        let own = folder.join(name.replace('.', "-"));
        std::fs::create_dir_all(&own)?;
        let path = own.join(&name);
        std::fs::write(&path, bytes)?;
        change::change_database(Host::system(), &path, pair.header.page_size(), ROWS, &mut done);
        let report =
            verify(&Database::open(&path, &OpenOptions::default())?, &VerifyOptions::default(), &mut |_| {});
        if !report.is_sound() {
            report.findings.iter().for_each(|finding| println!("{finding}"));
            return Err(format!("{} errors in {}", report.errors, path.display()).into());
        }
    }
    println!("changed: {done:?}");
    Ok(())
}
