//! What `export` and `tables` print, on real databases.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn eseutil(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eseutil"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

fn text_of(arguments: &[&str]) -> String {
    let output = eseutil(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("exported text is UTF-8")
}

/// A database of the corpus, unpacked into a folder that lives as long as the test.
fn database(folder: &tempfile::TempDir, name: &str) -> Option<PathBuf> {
    let corpus = ese_corpus::corpus()?;
    let file = ese_corpus::file(&corpus, name).unwrap_or_else(|| panic!("{name} is not in the corpus"));
    Some(file.unpack_into(folder.path()))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

#[test]
fn every_type_has_its_form_in_json_and_null_columns_are_left_out() {
    let folder = folder();
    let Some(basic) = database(&folder, "windows/tables/basic.edb") else {
        return ese_corpus::skipped("every_type_has_its_form_in_json_and_null_columns_are_left_out");
    };
    let rows = text_of(&["export", shown(&basic), "basic", "--format", "jsonl"]);
    let lines: Vec<&str> = rows.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"Id":1,"Bit":false,"UnsignedByte":213,"Short":-1337,"Long":-13371337,"Currency":1337133713371337,"IEEESingle":1.0,"IEEEDouble":13371337.13371337,"DateTime":"1999-03-01T00:00:00Z","UnsignedLong":13371337,"LongLong":-13371337,"GUID":"3f360af1-6766-46dc-9af2-0dacf295c2a1","UnsignedShort":1337}"#
    );
    assert_eq!(lines.len(), 2);
    assert!(!lines[1].contains("UnsignedLong"), "{}", lines[1]);
    let raw = text_of(&["export", shown(&basic), "basic", "--raw"]);
    assert!(raw.contains(r#""DateTime":36220.0"#), "{raw}");
}

#[test]
fn several_values_are_an_array_in_the_order_of_their_itags() {
    let folder = folder();
    let Some(multi) = database(&folder, "windows/tables/multi.edb") else {
        return ese_corpus::skipped("several_values_are_an_array_in_the_order_of_their_itags");
    };
    let rows = text_of(&["export", shown(&multi), "multi"]);
    let row: Value = serde_json::from_str(rows.lines().next().expect("the table has rows")).expect("JSON");
    assert_eq!(row["Bit"], serde_json::json!([false, true]));
    assert_eq!(row["Long"], serde_json::json!([0, -2_147_483_647, 2_147_483_647]));
    // Separated values are put together: three of 1093 bytes, as hex.
    let lengths: Vec<_> = row["LongBinary"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|value| value.as_str().expect("hex").len())
        .collect();
    assert_eq!(lengths, [2186, 2186, 2186]);
}

#[test]
fn csv_has_a_header_line_and_as_many_fields_in_every_row() {
    let folder = folder();
    let Some(basic) = database(&folder, "windows/tables/basic.edb") else {
        return ese_corpus::skipped("csv_has_a_header_line_and_as_many_fields_in_every_row");
    };
    let rows = text_of(&["export", shown(&basic), "basic", "--format", "csv"]);
    let lines: Vec<&str> = rows.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("Id,Bit,UnsignedByte,Short,Long,Currency,"));
    assert!(lines.iter().all(|line| line.split(',').count() == 13), "{rows}");
    assert_eq!(
        lines[2],
        "2,true,255,1339,13391339,-1339133913391339,-2.0,-13391339.13391339,1337-06-09T00:00:00Z,,,,"
    );
}

#[test]
fn without_a_table_every_row_says_which_table_it_is_of_and_system_tables_stay_out() {
    let folder = folder();
    let Some(current) = database(&folder, "windows/ual/Current.mdb") else {
        return ese_corpus::skipped(
            "without_a_table_every_row_says_which_table_it_is_of_and_system_tables_stay_out",
        );
    };
    let rows = text_of(&["export", shown(&current)]);
    let mut tables: Vec<String> = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|row| row["table"].as_str().expect("a name").to_owned())
        .collect();
    ese_corpus::report!("{} rows of {}", tables.len(), shown(&current));
    tables.dedup();
    assert_eq!(tables, ["CLIENTS", "DNS", "ROLE_ACCESS"]);
}

#[test]
fn tables_are_listed_with_their_columns_and_indexes() {
    let folder = folder();
    let Some(basic) = database(&folder, "windows/tables/basic.edb") else {
        return ese_corpus::skipped("tables_are_listed_with_their_columns_and_indexes");
    };
    let document: Value = serde_json::from_str(&text_of(&["tables", shown(&basic), "--json"])).expect("JSON");
    let tables = document["result"]["tables"].as_array().expect("an array");
    let names: Vec<_> = tables.iter().filter_map(|table| table["name"].as_str()).collect();
    assert_eq!(names, ["basic", "MSysLocales", "MSysObjects", "MSysObjectsShadow", "MSysObjids"]);
    assert_eq!(tables[0]["indexes"], serde_json::json!(["IxId"]));
    assert_eq!(tables[0]["columns"][0]["name"], "Id");
    assert_eq!(tables[0]["kind"], "user");
}

#[test]
fn what_cannot_be_exported_is_an_error_that_names_the_file() {
    let folder = folder();
    let Some(basic) = database(&folder, "windows/tables/basic.edb") else {
        return ese_corpus::skipped("what_cannot_be_exported_is_an_error_that_names_the_file");
    };
    let no_table = eseutil(&["export", shown(&basic), "nope"]);
    assert_eq!(no_table.status.code(), Some(1));
    let said = String::from_utf8_lossy(&no_table.stderr);
    assert!(said.contains("basic.edb") && said.contains("-1305"), "{said}");
    let document = eseutil(&["export", shown(&basic), "basic", "--json"]);
    assert_eq!(document.status.code(), Some(2), "rows must not vanish into a document");
    assert!(String::from_utf8_lossy(&document.stdout).contains("leave --json out"));
    let dirty = database(&folder, "windows/srum-belkasoft/Dirty/SRUDB.dat").expect("the corpus is here");
    let refused = eseutil(&["export", shown(&dirty)]);
    assert!(!refused.status.success());
    assert!(refused.stdout.is_empty());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("-550"));
}

#[test]
fn rows_before_a_missing_page_are_written_and_the_page_is_named() {
    let folder = folder();
    let Some(big) = database(&folder, "ese/big/big.edb") else {
        return ese_corpus::skipped("rows_before_a_missing_page_are_written_and_the_page_is_named");
    };
    let whole = text_of(&["export", shown(&big), "Big"]);
    let mut cuts_with_rows = 0;
    for pages in [400, 900, 1200, 1500, 1700, 1800, 1900] {
        let file = std::fs::OpenOptions::new().write(true).open(&big).expect("the copy can be written");
        file.set_len((pages + 2) * 4096).expect("it can be cut");
        let output = eseutil(&["export", shown(&big), "Big"]);
        std::fs::remove_file(&big).expect("the copy can go");
        database(&folder, "ese/big/big.edb").expect("the corpus is here");
        assert_eq!(output.status.code(), Some(1), "{pages} pages");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("page") && said.contains("-4001"), "{pages} pages: {said}");
        let rows = String::from_utf8(output.stdout).expect("exported text is UTF-8");
        assert!(whole.starts_with(&rows) && (rows.is_empty() || rows.ends_with('\n')), "{pages} pages");
        cuts_with_rows += usize::from(!rows.is_empty());
    }
    ese_corpus::report!("{cuts_with_rows} of 7 cut databases gave rows before the error");
    assert!(cuts_with_rows > 0);
}
