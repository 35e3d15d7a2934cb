//! What goes from a restore folder when hard recovery has used it: its logs, patch files, checkpoint, temporary and reserve files, the
//! scratch folder, `Restore.env` last, and the folder if nothing else is in it (spec 07 §14.4).
//!
//! Invariants: only regular files with such names go; links are neither followed nor deleted; no restored database goes,
//! whatever its name; what cannot be deleted is a warning.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ese_engine::restore_environment::{FILE_NAME, RestoreEnvironment};
use ese_format::log::names;

use crate::failure::CommandResult;
use crate::output::Output;

/// Empties the folder.
///
/// # Errors
/// Those of the output alone.
pub(super) fn clean_up(
    folder: &Path,
    environment: &RestoreEnvironment,
    scratch: Option<&Path>,
    out: &mut Output<'_>,
) -> CommandResult {
    let mut kept = Vec::new();
    let mut files = Vec::new();
    for place in scratch.into_iter().chain([folder]) {
        match used_files(place, environment) {
            Ok(found) => files.extend(found),
            Err(error) => kept.push((place.to_owned(), error)),
        }
    }
    for file in files {
        if let Err(error) = fs::remove_file(&file) {
            kept.push((file, error));
        }
    }
    if let Some(scratch) = scratch
        && let Err(error) = remove_if_empty(scratch)
    {
        kept.push((scratch.to_owned(), error));
    }
    // Without it the rest is no restore folder any more: it goes last, and only when all else is gone.
    if kept.is_empty() {
        let environment = folder.join(FILE_NAME);
        match fs::remove_file(&environment).and_then(|()| remove_if_empty(folder)) {
            Ok(()) => sync_parent(folder),
            Err(error) => kept.push((environment, error)),
        }
    }
    for (path, error) in kept {
        let sentence = format!("could not delete '{}' ({error}).", path.display());
        out.complain(format_args!("Warning: {sentence}"))?;
        out.warn(sentence);
    }
    Ok(())
}

/// The files in a folder that a restore puts there.
fn used_files(folder: &Path, environment: &RestoreEnvironment) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself: a link is no regular file.
        if !entry.file_type()?.is_file() {
            continue;
        }
        let path = entry.path();
        let is_database = environment.databases.iter().any(|database| database.destination_file == path);
        let name = entry.file_name();
        if !is_database && name.to_str().is_some_and(|name| is_used(name, &environment.log_base_name)) {
            files.push(path);
        }
    }
    Ok(files)
}

fn is_used(name: &str, base: &str) -> bool {
    let extension = Path::new(name).extension().map(|extension| extension.to_ascii_lowercase());
    names::parse(base, name).is_some()
        || extension.is_some_and(|extension| extension == "pat")
        || name == format!("tmp{}.edb", std::process::id())
        || name == "tmp.edb"
}

fn remove_if_empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir(folder) {
        Err(error) if [io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::NotFound].contains(&error.kind()) => {
            Ok(())
        }
        result => result,
    }
}

fn sync_parent(folder: &Path) {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        // The folder coming back after a power cut would do no harm.
        let _ = fs::File::open(parent).and_then(|parent| parent.sync_all());
    }
}
