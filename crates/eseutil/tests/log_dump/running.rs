//! Running a dump on a copy of files of the corpus.

use std::path::Path;

use ese_corpus::files;
use eseutil::command_line::DumpOptions;
use eseutil::failure::Failure;
use eseutil::log_dump::{self, LogDumpOptions};
use eseutil::output::{Output, ProgressStyle, Renderer};
use serde_json::Value;

pub(crate) const BELKASOFT: &str = "windows/srum-belkasoft/Dirty";
pub(crate) const APT: &str = "windows/srum-aptsimulator";

pub(crate) fn copy_of(data: &Path, input: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inputs = files(&data.join(input));
    assert!(!inputs.is_empty(), "{input} holds no files");
    for input in inputs {
        input.unpack_into(folder.path());
    }
    folder
}

/// Runs a dump and gives the text and the JET code it ended with.
pub(crate) fn run(request: &LogDumpOptions) -> (String, i32) {
    let (text, _, code) = run_as(request, Renderer::Classic);
    (text, code)
}

pub(crate) fn run_as(request: &LogDumpOptions, renderer: Renderer) -> (String, Value, i32) {
    let (mut text, mut errors) = (Vec::new(), Vec::new());
    let mut output = Output::new(&mut text, &mut errors, renderer, ProgressStyle::None);
    let code = match log_dump::run(request, &mut output) {
        Ok(()) => 0,
        Err(Failure::Jet(failure)) => failure.error.code(),
        Err(Failure::Output(error)) => panic!("a vector takes every byte: {error}"),
    };
    let result = Value::Object(std::mem::take(&mut output.report.result));
    drop(output);
    (String::from_utf8(text).expect("dumps are UTF-8"), result, code)
}

/// A dump without any option.
pub(crate) fn plain(folder: &Path, source: &Path) -> LogDumpOptions {
    LogDumpOptions {
        current_folder: folder.to_owned(),
        ..LogDumpOptions::of_dump(source, &DumpOptions::default())
    }
}
