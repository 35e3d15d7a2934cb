//! What a new database holds (spec 03 §14, §18; spec 02 §14).

use ese_engine::btree::{Tree, TreeKind};
use ese_engine::catalog::NewTable;
use ese_engine::database::Database;
use ese_engine::space::TreeSpace;
use ese_format::catalog::{CatalogRow, RowKind};
use ese_format::page_size::PageSize;
use ese_format::version::DatabaseVersion;

use crate::sha256::sha256_hex;
use crate::stage::Stage;

/// Keys and records of a tree, one behind the other.
fn content(database: &Database, root: u32, objid: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tree = Tree::open(database.file(), root, objid, TreeKind::Primary).expect("the tree is there");
    let mut cursor = tree.cursor();
    let mut nodes = Vec::new();
    while cursor.move_next().expect("a sound tree") {
        let node = cursor.node().expect("a sound node").expect("the cursor is on it");
        nodes.push((node.key().to_vec(), node.data.to_vec()));
    }
    nodes
}

fn digest(nodes: &[(Vec<u8>, Vec<u8>)], objids: std::ops::RangeInclusive<u32>) -> String {
    let mut bytes = Vec::new();
    for (key, record) in nodes {
        let objid = u32::from_be_bytes([key[1], key[2], key[3], key[4]]) ^ 0x8000_0000;
        if objids.contains(&objid) {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(record);
        }
    }
    sha256_hex(&bytes)
}

#[test]
fn the_catalog_is_byte_for_byte_that_of_windows_10() {
    let small = "910a654de6abc082678d792447313fb47c360a18ed81a4366cd3b25bca28fc2d";
    let large = "704355c733d03a21a88f65f7dce9afe2723f3f1f7b8466a535031ef3c6972054";
    for (page_size, expected) in
        [(PageSize::K4, small), (PageSize::K8, small), (PageSize::K16, large), (PageSize::K32, large)]
    {
        let database = Stage::new(page_size).check();
        let catalog = content(&database, 4, 2);
        assert_eq!(catalog.len(), 72);
        assert_eq!(digest(&catalog, 2..=7), expected, "{page_size:?}");
        assert_eq!(content(&database, 24, 3), catalog, "the shadow");
        ese_corpus::report!("new database, {page_size:?} pages: 72 catalog rows as Windows writes them");
    }
}

#[test]
fn the_catalog_rows_of_24h2_describe_29_columns() {
    let database = Stage::with_version(PageSize::K16, DatabaseVersion::new(300, 620)).check();
    let catalog = content(&database, 4, 2);
    let expected = "416dc340160f633c5635fe1bfb43ad59d7ef53b75b4eea3b319d1d11df058113";
    assert_eq!(digest(&catalog, 2..=3), expected);
}

#[test]
fn the_first_records_of_the_other_system_tables_are_those_of_basic_edb() {
    let database = Stage::new(PageSize::K4).check();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let objids = content(&database, 29, 6);
    let listed: Vec<String> = objids.iter().map(|(key, _)| hex(key)).collect();
    assert_eq!(listed, (2..=7).map(|objid| format!("7F800000{objid:02X}")).collect::<Vec<_>>());
    assert_eq!(hex(&objids[0].1), "007F040000010C00010110000201140002000000020000000100");
    let locales = content(&database, 30, 7);
    assert_eq!(locales.len(), 7);
    let key = "7F2E005300630068000965006D0061005C000945007800740065000972006E0061006C00095C004D0061006A00096F0072000000000006";
    assert_eq!(hex(&locales[0].0), key);
    let text: Vec<u8> = ".Schema\\External\\Major\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(hex(&locales[0].1), format!("02800A000101000000FC2E00{}", hex(&text)));
}

#[test]
fn trees_and_their_space_are_where_every_reader_looks_for_them() {
    for page_size in [PageSize::K4, PageSize::K8, PageSize::K16, PageSize::K32] {
        let stage = Stage::new(page_size);
        let database = stage.check();
        let root = TreeSpace::read(&database.root_tree().expect("page 1")).expect("its space");
        let owned: Vec<_> =
            root.owned.iter().map(|listed| (listed.node.extent.last, listed.node.extent.count)).collect();
        assert_eq!(owned, [(254, 254)]);
        let free: Vec<_> =
            root.available.iter().map(|listed| (listed.node.extent.last, listed.node.extent.count)).collect();
        assert_eq!(free, [(254, 224)], "pages 31 to 254 are free");
        let mut session = stage.session();
        let new = NewTable { name: b"t", ..NewTable::default() };
        let opened = stage.create(&mut session, &new).expect("a new name");
        let definition = opened.cursor.table().schema().definition().clone();
        assert_eq!((definition.objid, definition.table.fdp_page), (8, 31));
        drop(opened);
        let rows: Vec<CatalogRow> = stage.check().catalog().rows().expect("a sound catalog");
        let table = rows.iter().find(|row| row.objid_table == 8).expect("the row of the table");
        assert!(matches!(&table.kind, RowKind::Table(row) if row.pages == 0 && row.density == 80));
    }
}
