//! Where a database is that the log names: in the map, in the alternate folder, or where the log says (spec 06 §9.9).

use std::path::{Path, PathBuf};

use ese_format::signature::Signature;

use super::options::{MapEntry, MapOptions};
use crate::instance::HeaderFile;
use crate::io::{Access, FileSystem};

/// Where to look for a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// There.
    At { path: PathBuf, options: MapOptions },
    /// Nowhere: it is not in the map.
    Skipped,
}

/// The ways by which databases are found.
#[derive(Clone, Debug, Default)]
pub(super) struct Locations {
    pub(super) map: Option<Vec<MapEntry>>,
    /// What the files of the map were found to be, before redo: these databases are there, whatever their logged paths.
    pub(super) identities: Vec<(Signature, PathBuf)>,
    pub(super) alternate_folder: Option<PathBuf>,
    pub(super) replay_unmapped: bool,
}

/// The last component of a path of either kind.
pub(super) fn file_name(logged: &str) -> &str {
    logged.rsplit(['\\', '/']).next().unwrap_or(logged)
}

/// Whether two paths are one, as Windows sees it.
fn is_same_path(left: &str, right: &str) -> bool {
    let plain = |path: &str| path.replace('\\', "/").to_lowercase();
    plain(left) == plain(right)
}

fn signature_of(disk: &dyn FileSystem, path: &Path) -> Option<Signature> {
    let file = disk.open(path, Access::Read).ok()?;
    HeaderFile::read_pair(&*file).ok().map(|pair| pair.header.fields.database_signature)
}

impl Locations {
    /// Where the database of this logged path and identity is.
    pub(super) fn of(&self, disk: &dyn FileSystem, logged: &str, identity: &Signature) -> Location {
        if let Some((_, path)) = self.identities.iter().find(|(known, _)| known == identity) {
            tracing::info!(logged, path = %path.display(), "event 216: the database is in another place");
            return Location::At { path: path.clone(), options: MapOptions::empty() };
        }
        if let Some(map) = &self.map {
            let named = map
                .iter()
                .find(|entry| entry.logged.as_deref().is_some_and(|entry| is_same_path(entry, logged)));
            let entry = named.or_else(|| {
                let unnamed = map.iter().filter(|entry| entry.logged.is_none());
                unnamed.into_iter().find(|entry| signature_of(disk, &entry.path).as_ref() == Some(identity))
            });
            if let Some(entry) = entry {
                return Location::At { path: entry.path.clone(), options: entry.options };
            }
            if !self.replay_unmapped {
                return Location::Skipped;
            }
        }
        let path = match &self.alternate_folder {
            Some(folder) => folder.join(file_name(logged)),
            None => PathBuf::from(logged),
        };
        Location::At { path, options: MapOptions::empty() }
    }
}
