//! The verifier on real databases: clean ones are sound, known leaks are warnings, and every kind of damage is found on
//! the page it was done to.

use std::collections::BTreeMap;

use ese_engine::database::Database;
use ese_engine::verify::{VerifyOptions, VerifyReport, verify};
use ese_format::database_header::{DatabaseState, PROBE_BYTES, choose_header};

use crate::samples::open_bytes;

fn check(database: &Database) -> VerifyReport {
    verify(database, &VerifyOptions::default(), &mut |_| {})
}

/// Every database of the corpus that is closed cleanly, by its path, with its bytes.
fn clean_databases(mut visit: impl FnMut(&str, Vec<u8>)) -> Option<usize> {
    let corpus = ese_corpus::corpus()?;
    let mut count = 0;
    for file in ese_corpus::files(&corpus) {
        let bytes = file.bytes();
        let probe = bytes.get(..PROBE_BYTES).unwrap_or(&bytes);
        let Ok(pair) = choose_header(probe) else { continue };
        let header = &pair.header;
        if header.fields.magic.get() == ese_format::database_header::MAGIC
            && header.state() == Some(DatabaseState::CleanShutdown)
        {
            count += 1;
            visit(&file.name, bytes);
        }
    }
    Some(count)
}

#[test]
fn clean_databases_are_sound_and_their_leaks_are_known() {
    let mut leaks = BTreeMap::new();
    let (mut pages, mut rows, mut entries, mut compared, mut not_compared, mut values) = (0, 0, 0, 0, 0, 0);
    let count = clean_databases(|name, bytes| {
        let database = open_bytes(bytes, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = check(&database);
        for finding in report.damage() {
            ese_corpus::report!("{name}: {finding}");
        }
        assert!(report.is_sound(), "{name}: {} errors", report.errors);
        let counts = report.counts;
        pages += counts.pages;
        rows += counts.rows;
        entries += counts.entries;
        compared += counts.indexes_compared;
        not_compared += counts.indexes_not_compared;
        values += counts.long_values;
        if counts.leaked_pages > 0 {
            leaks.insert(name.to_owned(), counts.leaked_pages);
        }
    });
    let Some(count) = count else {
        return ese_corpus::skipped("clean_databases_are_sound_and_their_leaks_are_known");
    };
    ese_corpus::report!(
        "{count} clean databases: {pages} pages, {rows} rows, {entries} entries, {compared} indexes rebuilt, \
         {not_compared} checked in structure, {values} long values; leaked pages {leaks:?}"
    );
    assert!(count >= 20 && pages > 5000 && compared > 200 && values > 50);
}
