//! Sizes of a database, and databases made larger (spec 09 §4.5; facts/behaviour.csv 251, 252, 255).

use std::path::Path;

use ese_engine::instance::{Resize, set_database_size};
use ese_engine::io::{Access, FileSystem};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::{DATABASE, create, with_database};

#[test]
fn a_resize_rounds_up_and_smaller_is_refused_or_nothing() {
    with_database(PageSize::K8, |database, session| {
        let sizes = database.sizes().unwrap();
        assert_eq!((sizes.file, sizes.owned, sizes.available, sizes.shelved), (256, 254, 224, 0));
        assert_eq!(database.resize(session, 356, Resize::Grow).unwrap(), 512);
        assert_eq!(database.resize(session, 100, Resize::Grow).unwrap(), 512);
        assert_eq!(database.resize(session, 512, Resize::Either).unwrap(), 512);
        for resize in [Resize::Shrink, Resize::Either] {
            let refused = database.resize(session, 300, resize).unwrap_err();
            assert_eq!(refused.jet(), JetError::FEATURE_NOT_AVAILABLE);
        }
        assert_eq!(database.resize(session, 600, Resize::Shrink).unwrap(), 512);
        let sizes = database.sizes().unwrap();
        assert_eq!((sizes.file, sizes.owned, sizes.available), (512, 510, 480));
    });
}

#[test]
fn the_size_of_a_file_is_set_while_nobody_has_it_open() {
    let disk = create(PageSize::K4);
    let path = Path::new(DATABASE);
    let refused = |pages| set_database_size(&disk, path, pages).unwrap_err().jet();
    assert_eq!(refused(31), JetError::INVALID_PARAMETER);
    assert_eq!(set_database_size(&disk, path, 100).unwrap(), 254);
    assert_eq!(set_database_size(&disk, path, 1000).unwrap(), 1000);
    assert_eq!(disk.content(path).unwrap().len(), 1002 * 4096);
    let open = disk.open(path, Access::Read).unwrap();
    assert_eq!(refused(2000), JetError::FILE_ACCESS_DENIED);
    drop(open);
    let mut dirty = disk.content(path).unwrap();
    dirty[52] = 2;
    for copy in [0, 4096] {
        let header = &mut dirty[copy..copy + 4096];
        header[52] = 2;
        ese_format::checksum::seal_header(header);
    }
    disk.put(path, dirty);
    assert_eq!(refused(2000), JetError::DATABASE_INCONSISTENT);
}
