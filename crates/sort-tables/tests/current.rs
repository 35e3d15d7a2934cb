//! The committed tables are those that the figures give.

use std::fs;

use sort_tables::{generated_files, library_folder};

#[test]
fn the_committed_tables_are_those_of_the_figures() {
    let Some(facts) = ese_corpus::facts() else {
        return ese_corpus::skipped("the_committed_tables_are_those_of_the_figures");
    };
    let files = generated_files(&facts.join("sort")).expect("tables of figures");
    let mut in_library = 0;
    for (name, bytes) in &files {
        let committed = fs::read(library_folder().join(name)).expect("a committed table");
        assert_eq!(&committed, bytes, "{name} is stale: run sort-tables");
        in_library += if name.ends_with(".bin") { bytes.len() } else { 0 };
    }
    assert!(in_library <= 400_000, "{in_library} bytes of tables");
    ese_corpus::report!("sort tables: {} files, {in_library} bytes in the library", files.len());
}
