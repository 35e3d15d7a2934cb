//! The files each command was run on, made anew in a folder: copied, unpacked, damaged as INDEX.md says.

use std::fs;
use std::path::Path;

use super::index::Case;

const DIRTY: &str = "srum-belkasoft/Dirty/";

/// Puts the input of a case into `folder`.
pub(crate) fn materialise(case: &Case, corpus: &Path, folder: &Path) -> Result<(), String> {
    let windows = corpus.join("windows");
    let input = case.input.as_str();
    if case.heading.starts_with("Usage") {
        for name in ["basic.edb", "index.edb", "multi.edb"] {
            copy(&windows, &format!("tables/{name}"), folder)?;
        }
        return Ok(());
    }
    if input == "-" || input.is_empty() {
        return Ok(());
    }
    if let Some(name) = input.strip_prefix("damaged copy ") {
        let basic = bytes(&windows, "tables/basic.edb")?;
        let damaged = damage(basic, name)?;
        return write(&folder.join(format!("{name}.edb")), &damaged);
    }
    if let Some(change) = input.strip_prefix(&format!("copy of {DIRTY}: ")) {
        copy_folder(&windows, DIRTY, folder)?;
        return change_set(folder, change, &windows);
    }
    if input.contains("in a subfolder") {
        let sub = folder.join("sub");
        fs::create_dir(&sub).map_err(|error| error.to_string())?;
        return copy_folder(&windows, DIRTY, &sub);
    }
    if case.file == "d-bexists.txt" {
        // What an earlier run of the original left there.
        copy(&windows, input, folder)?;
        return write(&folder.join("old.edb"), &bytes(&windows, input)?);
    }
    if input == "same" {
        return materialise_same(case, &windows, folder);
    }
    let file = input.strip_suffix(" unpacked").unwrap_or(input);
    let file = file.strip_suffix(".gz").unwrap_or(file);
    if file.ends_with('/') { copy_folder(&windows, file, folder) } else { copy(&windows, file, folder) }
}

/// Rows whose input is that of the row above: told by their names.
fn materialise_same(case: &Case, windows: &Path, folder: &Path) -> Result<(), String> {
    if case.file.starts_with("l-sub") {
        let sub = folder.join("sub");
        fs::create_dir(&sub).map_err(|error| error.to_string())?;
        return copy_folder(windows, DIRTY, &sub);
    }
    copy_folder(windows, DIRTY, folder)?;
    let change = if case.file.starts_with("l-bit2") {
        "two bits of 4F flipped"
    } else {
        "one header bit of 4F flipped"
    };
    change_set(folder, change, windows)
}

fn bytes(windows: &Path, name: &str) -> Result<Vec<u8>, String> {
    ese_corpus::file(windows, name)
        .map(|file| file.bytes())
        .ok_or_else(|| format!("{name} is not in the corpus"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn copy(windows: &Path, name: &str, folder: &Path) -> Result<(), String> {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    write(&folder.join(file_name), &bytes(windows, name)?)
}

fn copy_folder(windows: &Path, name: &str, folder: &Path) -> Result<(), String> {
    let files = ese_corpus::files(&windows.join(name));
    if files.is_empty() {
        return Err(format!("{name} has no files"));
    }
    for file in files {
        file.unpack_into(folder);
    }
    Ok(())
}

/// The damaged copies of basic.edb.
fn damage(mut bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, String> {
    let flip = |bytes: &mut Vec<u8>, offset: usize, bit: u8| bytes[offset] ^= 1 << bit;
    match name {
        "bit1" => flip(&mut bytes, 25576, 3),
        "bit2" => {
            flip(&mut bytes, 25576, 3);
            flip(&mut bytes, 25776, 0);
        }
        "zero" => bytes[131_072..135_168].fill(0),
        "swap" => {
            let (left, right) = bytes.split_at_mut(6 * 4096);
            left[5 * 4096..].swap_with_slice(&mut right[..4096]);
        }
        "hdr1" => flip(&mut bytes, 100, 0),
        "hdr2" => flip(&mut bytes, 4196, 0),
        "hdr12" => {
            flip(&mut bytes, 100, 0);
            flip(&mut bytes, 4196, 0);
        }
        "hdrzero1" => bytes[..4096].fill(0),
        "hdrzero2" => bytes[4096..8192].fill(0),
        "trunc" => bytes.truncate(bytes.len() - 2048),
        "trunc2" => bytes.truncate(81920),
        "small" => bytes.truncate(3000),
        "empty" => bytes.clear(),
        "csum" => flip(&mut bytes, 20480, 0),
        "ecc" => flip(&mut bytes, 20484, 0),
        "tail" => flip(&mut bytes, 823_346, 0),
        other => return Err(format!("no damage is called {other}")),
    }
    Ok(bytes)
}

/// The changed copies of the Dirty log set.
fn change_set(folder: &Path, change: &str, windows: &Path) -> Result<(), String> {
    let log = |generation: &str| folder.join(format!("SRU000{generation}.log"));
    let edit = |generation: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let path = log(generation);
        let mut bytes = fs::read(&path).map_err(|error| error.to_string())?;
        change(&mut bytes);
        write(&path, &bytes)
    };
    let remove = |path: &Path| fs::remove_file(path).map_err(|error| error.to_string());
    match change {
        "SRU0004F.log removed" => remove(&log("4F")),
        "4F and 50 removed" => remove(&log("4F")).and_then(|()| remove(&log("50"))),
        "SRU00051.log removed" => remove(&log("51")),
        "SRU.log removed" => remove(&folder.join("SRU.log")),
        "4E and 4F exchanged" => {
            let (left, right) = (fs::read(log("4E")), fs::read(log("4F")));
            let (left, right) =
                (left.map_err(|error| error.to_string())?, right.map_err(|error| error.to_string())?);
            write(&log("4E"), &right).and_then(|()| write(&log("4F"), &left))
        }
        // The bits follow from the accumulated checksums in the stored outputs.
        "one bit of 4F flipped" => edit("4F", &|bytes| bytes[3 * 4096 + 1000] ^= 8),
        "two bits of 4F flipped" => edit("4F", &|bytes| {
            bytes[3 * 4096 + 1000] ^= 8;
            bytes[3 * 4096 + 1200] ^= 1;
        }),
        "two bits of 51 flipped" => edit("51", &|bytes| {
            bytes[10 * 4096 + 1000] ^= 8;
            bytes[10 * 4096 + 1200] ^= 1;
        }),
        "one header bit of 4F flipped" => edit("4F", &|bytes| bytes[100] ^= 1),
        "header of 4F zeroed" => edit("4F", &|bytes| bytes[..4096].fill(0)),
        "4F cut to 40000 bytes" => edit("4F", &|bytes| bytes.truncate(40000)),
        "segment 5 of 4F zeroed" => edit("4F", &|bytes| bytes[5 * 4096..6 * 4096].fill(0)),
        "4F replaced by SRU0001F.log of the APT set" => {
            write(&log("4F"), &bytes(windows, "srum-aptsimulator/SRU0001F.log")?)
        }
        "SRU00050.log removed" => remove(&log("50")),
        "SRU.log and 51 removed" => remove(&folder.join("SRU.log")).and_then(|()| remove(&log("51"))),
        "4E, 4F, 50 removed" => ["4E", "4F", "50"].iter().try_for_each(|generation| remove(&log(generation))),
        "all logs removed" => ["4E", "4F", "50", "51"]
            .iter()
            .map(|generation| log(generation))
            .chain([folder.join("SRU.log"), folder.join("SRUtmp.log")])
            .try_for_each(|path| remove(&path)),
        "SRU.chk removed" => remove(&folder.join("SRU.chk")),
        "SRU.chk and 50 removed" => remove(&folder.join("SRU.chk")).and_then(|()| remove(&log("50"))),
        "SRUDB.dat removed" => remove(&folder.join("SRUDB.dat")),
        "SRUDB.jfm removed" => remove(&folder.join("SRUDB.jfm")),
        "header bit of SRU.log flipped" => {
            let path = folder.join("SRU.log");
            let mut bytes = fs::read(&path).map_err(|error| error.to_string())?;
            bytes[100] ^= 1;
            write(&path, &bytes)
        }
        "SRUDB.dat replaced by the one of Clean" => {
            write(&folder.join("SRUDB.dat"), &bytes(windows, "srum-belkasoft/Clean/SRUDB.dat")?)
        }
        other => Err(format!("no change is called {other}")),
    }
}
