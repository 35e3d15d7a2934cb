//! Reads every value of every table of a database, and says how many there were and how long it took.
//!
//! `cargo run --release -p ese-engine --example read_all -- FILE`

use std::process::ExitCode;
use std::time::Instant;

use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::{Error, Result};
use ese_engine::table::Table;
use ese_format::error::JetError;

/// Rows, values and bytes of a table.
fn read(table: &Table) -> Result<(u64, u64, u64)> {
    let (mut rows, mut values, mut bytes) = (0, 0, 0);
    let mut buffer = Vec::new();
    let mut cursor = table.cursor();
    while cursor.move_next()? {
        rows += 1;
        for column in cursor.row()?.columns() {
            let (_, cells) = column?;
            for value in cells.iter() {
                values += 1;
                bytes += value?.read(&mut buffer)?.len() as u64;
            }
        }
    }
    Ok((rows, values, bytes))
}

fn run() -> Result<()> {
    let path = std::env::args_os().nth(1);
    let path = path.ok_or_else(|| Error::refused(JetError::INVALID_PARAMETER, "usage: read_all FILE"))?;
    let start = Instant::now();
    let database = Database::open(path, &OpenOptions::default())?;
    for schema in database.tables()? {
        let (rows, values, bytes) = read(&database.open_schema(&schema)?)?;
        println!("{:32} {rows:>10} rows {values:>12} values {bytes:>14} bytes", schema.name());
    }
    println!("{:?} ms", start.elapsed().as_millis());
    println!("{:?}", database.file().cache().statistics());
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
