//! What programs do wrong with definitions: names, keys, structures of a wrong size, lists that are none, templates of
//! templates (spec 09 §1.4, §10).

use std::ffi::CString;
use std::ptr::{null, null_mut};

use esent::abi::structs::*;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::api::*;

use crate::Case;
use crate::cursor::Cursor;
use crate::define::*;
use crate::definitions::*;
use crate::fixture::{D, create_table, delete_column, delete_index};
use crate::harness::*;

/// The cases.
pub(crate) const CASES: &[Case] = &[
    ("names that are none", names),
    ("databases that are not open", databases),
    ("columns of a wrong size and with wrong defaults", columns),
    ("key strings", keys),
    ("lists of indexes", lists_of_indexes),
    ("tables with bad lists", tables),
    ("templates", templates),
    ("deleting and renaming what must stay", what_must_stay),
    ("default values", default_values),
];

/// A name in both forms, or NULL in both.
struct Name {
    ansi: Option<CString>,
    wide: Option<Vec<u16>>,
}

impl Name {
    fn of(text: &str) -> Self {
        let wide = text.encode_utf16().chain([0]).collect();
        Self { ansi: Some(CString::new(text).expect("no NUL")), wide: Some(wide) }
    }

    fn ansi(&self) -> *const std::ffi::c_char {
        self.ansi.as_ref().map_or(null(), |name| name.as_ptr())
    }

    fn wide(&self) -> *const u16 {
        self.wide.as_ref().map_or(null(), Vec::as_ptr)
    }
}

/// Names that no object may have.
fn bad_names() -> Vec<Name> {
    let long = "x".repeat(65);
    let longer = "x".repeat(70_000);
    let texts = [
        "",
        " ",
        "    ",
        " x",
        "a.b",
        "a!b",
        "a[b",
        "a]b",
        "a\u{1}b",
        "a\tb",
        "\u{1F}",
        "中",
        "a\u{301}",
        "\u{1F600}",
        &long,
        &longer,
    ];
    let mut names: Vec<_> = texts.iter().map(|text| Name::of(text)).collect();
    names.push(Name { ansi: None, wide: None });
    // Half of a pair of surrogates, and bytes that are no UTF-8.
    names.push(Name { ansi: CString::new([0xE4_u8]).ok(), wide: Some(vec![0xD800, 0]) });
    names
}

fn names() {
    let scene = Scene::new();
    let (s, dbid, t) = (scene.s(), scene.dbid(), scene.c.table);
    let key = b"+d\0\0";
    let key_wide = [u16::from(b'+'), u16::from(b'd'), 0, 0];
    let definition = long(c"q").definition();
    for (number, name) in bad_names().iter().enumerate() {
        let (a, w) = (name.ansi(), name.wide());
        let mut table = 7;
        // SAFETY: the names are NULL or end with a zero, the places are locals, the keys have the bytes that are told.
        let made = unsafe {
            [
                JetCreateTableA(s, dbid, a, 0, 0, &raw mut table),
                JetCreateTableW(s, dbid, w, 0, 0, &raw mut table),
                JetAddColumnA(s, t, a, &raw const definition, null(), 0, null_mut()),
                JetAddColumnW(s, t, w, &raw const definition, null(), 0, null_mut()),
                JetCreateIndexA(s, t, a, 0, key.as_ptr().cast(), 4, 0),
                JetCreateIndexW(s, t, w, 0, key_wide.as_ptr(), 8, 0),
                JetOpenTableA(s, dbid, a, null(), 0, 0, &raw mut table),
                JetOpenTableW(s, dbid, w, null(), 0, 0, &raw mut table),
                JetDeleteTableA(s, dbid, a),
                JetDeleteTableW(s, dbid, w),
                JetDeleteTable2A(s, dbid, a, 0),
                JetDeleteTable2W(s, dbid, w, 0),
                JetDeleteColumnA(s, t, a),
                JetDeleteColumnW(s, t, w),
                JetDeleteColumn2A(s, t, a, 0),
                JetDeleteColumn2W(s, t, w, 0),
                JetDeleteIndexA(s, t, a),
                JetDeleteIndexW(s, t, w),
                JetSetColumnDefaultValueA(s, dbid, a, c"d".as_ptr(), key.as_ptr().cast(), 4, 0),
                JetSetColumnDefaultValueA(s, dbid, c"t".as_ptr(), a, key.as_ptr().cast(), 4, 0),
                JetSetColumnDefaultValueW(s, dbid, w, w, key.as_ptr().cast(), 4, 0),
            ]
        };
        assert_eq!(made, [JET_errInvalidName; 21], "name {number}: {:?}", name.wide);
        assert_eq!(table, JET_tableidNil);
        // A name that is missing is a wrong parameter when something is renamed.
        let expected = if name.ansi.is_none() { JET_errInvalidParameter } else { JET_errInvalidName };
        let (column, column_wide) = (c"d".as_ptr(), [u16::from(b'd'), 0]);
        let (plain, plain_wide) = (c"t".as_ptr(), [u16::from(b't'), 0]);
        // SAFETY: as above.
        let renamed = unsafe {
            [
                JetRenameTableA(s, dbid, plain, a),
                JetRenameTableW(s, dbid, plain_wide.as_ptr(), w),
                JetRenameTableA(s, dbid, a, plain),
                JetRenameColumnA(s, t, column, a, 0),
                JetRenameColumnW(s, t, column_wide.as_ptr(), w, 0),
                JetRenameColumnA(s, t, a, column, 0),
            ]
        };
        assert_eq!(renamed, [expected; 6], "name {number}: {:?}", name.wide);
        // In the structures of a table.
        let mut create = zeroed::<JET_TABLECREATE_A>();
        create.szTableName = a.cast_mut();
        // SAFETY: as above.
        assert_eq!(unsafe { JetCreateTableColumnIndexA(s, dbid, &raw mut create) }, JET_errInvalidName);
    }
    assert_eq!(scene.c.ids(), [1, 2, 3, 4, 5]);
    // The longest name there is, and one whose spaces at the end do not count.
    let longest = CString::new("y".repeat(64)).unwrap();
    let spaces = CString::new(format!("{}   ", "z".repeat(60))).unwrap();
    assert_eq!(create_table(s, dbid, &longest).1, 0);
    assert_eq!(create_table(s, dbid, &spaces).1, 0);
    let trimmed = CString::new("Z".repeat(60)).unwrap();
    assert_eq!(Cursor::open(s, dbid, &trimmed, 0).1, 0, "whatever the case of its letters");
}

fn databases() {
    let scene = Scene::new();
    let session = scene.s();
    let other = scene.f.running.session();
    for (session, dbid) in
        [(session, 0), (session, 99), (session, u32::MAX), (session, 0x7FFF_FFFF), (other, scene.dbid())]
    {
        let name = c"t".as_ptr();
        let mut table = 7;
        let mut create = zeroed::<JET_TABLECREATE_A>();
        create.szTableName = name.cast_mut();
        // SAFETY: the names end with a zero, the places are locals.
        let codes = unsafe {
            [
                JetOpenTable(session, dbid, name, null(), 0, 0, &raw mut table),
                JetCreateTable(session, dbid, name, 0, 0, &raw mut table),
                JetCreateTableColumnIndex(session, dbid, &raw mut create),
                JetDeleteTable(session, dbid, name),
                JetDeleteTable2(session, dbid, name, 0),
                JetDeleteTable2(session, dbid, name, 1),
                JetRenameTable(session, dbid, name, name),
                JetSetColumnDefaultValue(session, dbid, name, name, name.cast(), 1, 0),
            ]
        };
        assert_eq!(codes, [JET_errInvalidDatabaseId; 8], "dbid {dbid}");
    }
    // SAFETY: the name ends with a zero.
    unsafe {
        assert_eq!(JetDeleteTable2(session, scene.dbid(), c"t".as_ptr(), 1), JET_errInvalidGrbit);
        assert_eq!(JetDeleteTable2(0, scene.dbid(), c"t".as_ptr(), 1), JET_errInvalidSesid);
        assert_eq!(
            JetOpenTable(session, scene.dbid(), c"t".as_ptr(), null(), 0, 0, null_mut()),
            JET_errInvalidParameter
        );
        assert_eq!(
            JetCreateTable(session, scene.dbid(), c"u".as_ptr(), 0, 0, null_mut()),
            JET_errInvalidParameter
        );
        assert_eq!(JetCreateTableColumnIndex(session, scene.dbid(), null_mut()), JET_errInvalidParameter);
    }
    for grbit in [JET_bitTablePermitDDL, JET_bitTableDenyRead | JET_bitTableReadOnly] {
        let (cursor, code) = Cursor::open(session, scene.dbid(), c"t", grbit);
        assert_eq!((code, cursor.table), (JET_errInvalidGrbit, JET_tableidNil), "{grbit:#x}");
    }
}

fn columns() {
    let scene = Scene::new();
    let c = scene.c;
    let add = |definition: *const JET_COLUMNDEF, default: *const u8, bytes| {
        // SAFETY: the name ends with a zero; the definition is NULL or whole, the default NULL or as long as it is told.
        unsafe {
            JetAddColumn(c.session, c.table, c"q".as_ptr(), definition, default.cast(), bytes, null_mut())
        }
    };
    assert_eq!(add(null(), null(), 0), JET_errInvalidParameter);
    let mut definition = long(c"q").definition();
    for bytes in [0, 4, 27] {
        definition.cbStruct = bytes;
        assert_eq!(add(&raw const definition, null(), 0), JET_errInvalidParameter, "{bytes} bytes");
    }
    definition.cbStruct = 28;
    let user_defined =
        JET_COLUMNDEF { grbit: JET_bitColumnUserDefinedDefault | JET_bitColumnTagged, ..definition };
    for bytes in [0, 1, size_of::<JET_USERDEFINEDDEFAULT_A>() as u32 - 1] {
        let code = add(&raw const user_defined, [0; 64].as_ptr(), bytes);
        assert_eq!(code, JET_errInvalidParameter, "a user-defined default of {bytes} bytes");
    }
    let too_long = [0_u8; 300];
    assert_eq!(add(&raw const definition, too_long.as_ptr(), 5), JET_errDefaultValueTooBig);
    let blob = column(c"q", JET_coltypLongBinary, 0).definition();
    assert_eq!(add(&raw const blob, too_long.as_ptr(), 256), JET_errDefaultValueTooBig);
    let cases = [
        (column(c"q", 0, 0), JET_errInvalidColumnType),
        (column(c"q", 13, 0), JET_errInvalidColumnType),
        (column(c"q", u32::MAX, 0), JET_errInvalidColumnType),
        (column(c"q", JET_coltypLongBinary, 0).with_most(0x8000_0000), JET_errInvalidParameter),
        (NewColumn { code_page: 437, ..column(c"q", JET_coltypText, 0) }, JET_errInvalidCodePage),
        (column(c"q", JET_coltypLong, JET_bitColumnCompressed), JET_errColumnCannotBeCompressed),
        (column(c"q", JET_coltypLongBinary, JET_bitColumnFixed), JET_errInvalidGrbit),
        (column(c"q", JET_coltypLong, JET_bitColumnMultiValued), JET_errMultiValuedColumnMustBeTagged),
        (column(c"q", JET_coltypLong, JET_bitColumnEscrowUpdate), JET_errInvalidGrbit),
        (column(c"q", JET_coltypShort, JET_bitColumnVersion), JET_errInvalidGrbit),
        (column(c"q", JET_coltypLong, JET_bitColumnVersion | JET_bitColumnTagged), JET_errCannotBeTagged),
        (column(c"q", JET_coltypLong, JET_bitColumnDeleteOnZero), JET_errInvalidGrbit),
        (column(c"Q", JET_coltypLong, 0x8000_0000), 0),
        (column(c"q", JET_coltypLong, 0), JET_errColumnDuplicate),
    ];
    for (new, expected) in cases {
        assert_eq!(c.add_column(&new).0, expected, "{new:?}");
    }
    assert_eq!(c.ids(), [1, 2, 3, 4, 5]);
}

/// A key description: one column, ascending.
const KEY: &[u8] = b"+v\0\0";

fn keys() {
    let scene = Scene::new();
    let c = scene.c;
    let create = |key: &[u8]| c.create_index(&NewIndex { name: c"x", key: key.to_vec().leak(), grbit: 0 });
    for key in
        [&b"+v\0"[..], b"+v", b"v\0\0", b"\0\0", b"\0", b"+v\0\0\0", b"+v\0\0x", b"+v\0\0+d\0\0", b"*v\0\0"]
    {
        assert_eq!(create(key), JET_errIndexInvalidDef, "{key:?}");
    }
    for key in [&b"+\0\0"[..], b"+q\0\0", b"+v\0+q\0\0", b"+ \0\0"] {
        assert_eq!(create(key), JET_errColumnNotFound, "{key:?}");
    }
    // Old programs put a language behind the two zeros.
    assert_eq!(create(b"+v\0\0\x09\x04"), JET_errIndexInvalidDef);
    assert_eq!(create(b"+v\0\0\x09\x04\0\0"), JET_errIndexInvalidDef);
    assert_eq!(create(b"+e\0\0"), JET_errCannotIndex);
    let raw = |key: *const std::ffi::c_char, bytes, density| {
        // SAFETY: the name ends with a zero, the key is NULL or has as many bytes as is told.
        unsafe { JetCreateIndex(c.session, c.table, c"x".as_ptr(), 0, key, bytes, density) }
    };
    assert_eq!(raw(null(), 4, 0), JET_errInvalidParameter);
    assert_eq!(raw(KEY.as_ptr().cast(), 0, 0), JET_errInvalidParameter);
    for density in [1, 19, 101, u32::MAX] {
        assert_eq!(raw(KEY.as_ptr().cast(), 4, density), JET_errDensityInvalid, "density {density}");
    }
    // In the W form the bytes are counted, and an odd number of them is no text.
    let wide: Vec<u16> = "+v\0\0".encode_utf16().collect();
    let name = [u16::from(b'x'), 0];
    for (bytes, expected) in [(7, JET_errIndexInvalidDef), (4, JET_errIndexInvalidDef), (8, 0)] {
        // SAFETY: the name ends with a zero, the key has at least as many bytes as is told.
        let code = unsafe { JetCreateIndexW(c.session, c.table, name.as_ptr(), 0, wide.as_ptr(), bytes, 0) };
        assert_eq!(code, expected, "{bytes} bytes");
    }
    assert_eq!(create(b"+v\0\0"), JET_errIndexDuplicate);
    assert_eq!(c.index(c"x"), 0);
}

fn lists_of_indexes() {
    let scene = Scene::new();
    let c = scene.c;
    let new = index(c"x", b"+v\0\0", 0).create();
    let mut one = new;
    // SAFETY: lists that are none are refused.
    unsafe {
        assert_eq!(JetCreateIndex2(c.session, c.table, null_mut(), 1), JET_errInvalidParameter);
        assert_eq!(JetCreateIndex2(c.session, c.table, &raw mut one, u32::MAX), JET_errInvalidParameter);
        assert_eq!(JetCreateIndex2(c.session, c.table, null_mut(), 0), JET_errExclusiveTableLockRequired);
    }
    for bytes in [0, 4, new.cbStruct - 1, new.cbStruct + 1, u32::MAX] {
        let mut wrong = JET_INDEXCREATE_A { cbStruct: bytes, ..new };
        assert_eq!(
            c.create_indexes(std::slice::from_mut(&mut wrong)),
            JET_errInvalidParameter,
            "{bytes} bytes"
        );
        assert_eq!(wrong.err, UNTOUCHED);
    }
    let mut condition = JET_CONDITIONALCOLUMN_A {
        cbStruct: 4,
        szColumnName: c"d".as_ptr().cast_mut(),
        grbit: JET_bitIndexColumnMustBeNull,
    };
    let place = &raw mut condition;
    let mut conditional = JET_INDEXCREATE_A { rgconditionalcolumn: place, cConditionalColumn: 1, ..new };
    let mut create = |bytes, name: Option<&'static std::ffi::CStr>, grbit| {
        let name = name.map_or(null_mut(), |name| name.as_ptr().cast_mut());
        // SAFETY: the condition is a local that nothing else borrows.
        unsafe { place.write(JET_CONDITIONALCOLUMN_A { cbStruct: bytes, szColumnName: name, grbit }) };
        c.create_indexes(std::slice::from_mut(&mut conditional))
    };
    let whole = size_of::<JET_CONDITIONALCOLUMN_A>() as u32;
    let null_bit = JET_bitIndexColumnMustBeNull;
    assert_eq!(create(whole - 1, Some(c"d"), null_bit), JET_errIndexInvalidDef);
    assert_eq!(create(whole, Some(c"d"), 0), JET_errInvalidGrbit);
    assert_eq!(create(whole, Some(c"d"), null_bit | JET_bitIndexColumnMustBeNonNull), JET_errInvalidGrbit);
    assert_eq!(create(whole, Some(c"q"), null_bit), JET_errColumnNotFound);
    assert!(create(whole, None, null_bit) < 0);
    let mut missing = JET_INDEXCREATE_A { rgconditionalcolumn: null_mut(), cConditionalColumn: 2, ..new };
    assert_eq!(c.create_indexes(std::slice::from_mut(&mut missing)), JET_errInvalidParameter);
    let cases = [
        (JET_bitIndexTupleLimits | JET_bitIndexTuples, JET_errIndexInvalidDef),
        (JET_bitIndexUnicode, JET_errIndexInvalidDef),
        (JET_bitIndexPrimary | JET_bitIndexIgnoreNull, JET_errInvalidGrbit),
        (JET_bitIndexTuples | JET_bitIndexUnique, JET_errIndexTuplesNonUniqueOnly),
        (JET_bitIndexTuples, JET_errIndexTuplesTextBinaryColumnsOnly),
        (JET_bitIndexCrossProduct | JET_bitIndexNestedTable, JET_errInvalidGrbit),
        (JET_bitIndexPrimary | JET_bitIndexTuples, JET_errIndexTuplesSecondaryIndexOnly),
    ];
    for (grbit, expected) in cases {
        let mut wrong = JET_INDEXCREATE_A { grbit, ..new };
        assert_eq!(c.create_indexes(std::slice::from_mut(&mut wrong)), expected, "grbit {grbit:#x}");
    }
    for most in [1, 254, 2001, u32::MAX] {
        let mut wrong = JET_INDEXCREATE_A { grbit: JET_bitIndexKeyMost, cbKeyMost: most, ..new };
        assert_eq!(c.create_indexes(std::slice::from_mut(&mut wrong)), JET_errIndexInvalidDef, "{most}");
    }
    assert_eq!(c.index(c"x"), JET_errIndexNotFound);
    // One bad member of a batch leaves none of it, and only its own code is told.
    c.close();
    let c = scene.open(c"t", JET_bitTableDenyRead);
    let unknown = index(c"y", b"+q\0\0", 0).create();
    let mut batch = [new, unknown];
    assert_eq!(c.create_indexes(&mut batch), JET_errColumnNotFound);
    assert_eq!(batch[1].err, JET_errColumnNotFound);
    assert_eq!([c"x", c"y"].map(|name| c.index(name)), [JET_errIndexNotFound; 2]);
    for grbit in [JET_bitIndexPrimary, JET_bitIndexUnversioned, JET_bitIndexEmpty | JET_bitIndexIgnoreAnyNull]
    {
        let mut batch = [new, JET_INDEXCREATE_A { grbit, ..index(c"y", b"+v\0\0", 0).create() }];
        assert_eq!(c.create_indexes(&mut batch), JET_errInvalidGrbit, "{grbit:#x} in a batch");
    }
}

fn tables() {
    let scene = Scene::new();
    let (s, dbid) = (scene.s(), scene.dbid());
    let create = |change: &dyn Fn(&mut JET_TABLECREATE_A)| {
        let mut create = zeroed::<JET_TABLECREATE_A>();
        create.szTableName = c"u".as_ptr().cast_mut();
        change(&mut create);
        // SAFETY: the lists are NULL or as long as the structure says.
        unsafe { JetCreateTableColumnIndex(s, dbid, &raw mut create) }
    };
    assert_eq!(create(&|create| create.cColumns = 1), JET_errInvalidParameter);
    assert_eq!(create(&|create| create.cIndexes = 1), JET_errInvalidParameter);
    assert_eq!(create(&|create| create.cColumns = u32::MAX), JET_errInvalidParameter);
    assert_eq!(create(&|create| create.cIndexes = u32::MAX), JET_errInvalidParameter);
    for density in [1, 19, 101, u32::MAX] {
        assert_eq!(create(&|create| create.ulDensity = density), JET_errDensityInvalid, "density {density}");
    }
    for grbit in [4, 4 | JET_bitTableCreateTemplateTable, JET_bitTableCreateSystemTable] {
        assert_eq!(create(&|create| create.grbit = grbit), JET_errInvalidGrbit, "grbit {grbit:#x}");
    }
    let mut column = zeroed::<JET_COLUMNCREATE_A>();
    (column.szColumnName, column.coltyp) = (c"a".as_ptr().cast_mut(), JET_coltypLong);
    let place = &raw mut column;
    for bytes in [0, 4, 55, 57] {
        // SAFETY: the column is a local that nothing else borrows.
        unsafe { (*place).cbStruct = bytes };
        let code = create(&|create| (create.rgcolumncreate, create.cColumns) = (place, 1));
        assert_eq!(code, JET_errInvalidParameter, "{bytes} bytes of a column");
    }
    // Space hints of a wrong size, and where they may not be.
    let mut hints = zeroed::<JET_SPACEHINTS>();
    let hints_place = &raw mut hints;
    let mut third = zeroed::<JET_TABLECREATE3_A>();
    third.cbStruct = size_of::<JET_TABLECREATE3_A>() as u32;
    (third.szTableName, third.pSeqSpacehints) = (c"u".as_ptr().cast_mut(), hints_place);
    // SAFETY: the structure has no lists, and its hints are a local.
    assert_eq!(unsafe { JetCreateTableColumnIndex3A(s, dbid, &raw mut third) }, JET_errInvalidParameter);
    assert_eq!(Cursor::open(s, dbid, c"u", 0).1, JET_errObjectNotFound, "nothing of them was made");
    // The flag is about the caller's structure: no cursor comes back, the table is as any other.
    let mut immutable = zeroed::<JET_TABLECREATE_A>();
    (immutable.szTableName, immutable.grbit) =
        (c"u".as_ptr().cast_mut(), JET_bitTableCreateImmutableStructure);
    // SAFETY: the structure has no lists.
    assert_eq!(unsafe { JetCreateTableColumnIndex(s, dbid, &raw mut immutable) }, 0);
    assert_eq!((immutable.tableid, immutable.cCreated), (JET_tableidNil, 1));
    let c = scene.open(c"u", 0);
    assert_eq!(c.add_column(&long(c"a")).0, 0);
}

fn templates() {
    let (scene, child) = derived();
    let (s, dbid) = (scene.s(), scene.dbid());
    let template = JET_bitTableCreateTemplateTable;
    let of = |parent, grbit| {
        table(c"u", &[long(c"c")], &[]).derived_from(parent).with_grbit(grbit).create(s, dbid).code
    };
    assert_eq!(of(c"nowhere", 0), JET_errObjectNotFound);
    assert_eq!(of(c"t", 0), JET_errDDLNotInheritable);
    assert_eq!(of(c"child", 0), JET_errDDLNotInheritable, "a derived table is no template");
    assert_eq!(of(c"parent", template), JET_errCannotNestDDL, "a template of a template");
    let same = table(c"u", &[long(c"A")], &[]).derived_from(c"parent").create(s, dbid);
    assert_eq!(same.code, JET_errColumnDuplicate, "the name is the template's");
    // The template's column has the bit, the own fixed one continues the numbers.
    let inherited = 0x8000_0001;
    let codes =
        [child.prepare(JET_prepInsert), child.set_long(inherited, 5), child.set_long(2, 6), child.update()];
    assert_eq!(each(&codes), 0);
    assert_eq!((child.move_first(), child.number(inherited), child.number(2)), (0, Some(5), Some(6)));
    assert_eq!(child.get(1).code, JET_errColumnNotFound, "without the bit it is nobody's");
    assert_eq!(child.prepare(JET_prepReplace), 0);
    assert_eq!(child.set_long(1, 5), JET_errColumnNotFound);
    assert_eq!(child.prepare(JET_prepCancel), 0);
    let answer = child.enumerate(None, 100, JET_bitEnumerateCompressOutput);
    let ids: Vec<_> = answer.columns.iter().map(|column| column.column).collect();
    assert_eq!((answer.code, ids), (0, vec![inherited, 2]));
    assert_eq!(child.add_column(&long(c"c")).0, 0);
    assert_eq!(child.create_index(&index(c"ia", b"+a\0+b\0\0", 0)), 0, "over columns of both");
    assert_eq!((child.index(c"ia"), child.move_first(), child.number(inherited)), (0, 0, Some(5)));
    // SAFETY: the names end with a zero.
    unsafe {
        assert_eq!(JetDeleteTable(s, dbid, c"parent".as_ptr()), JET_errCannotDeleteTemplateTable);
        assert_eq!(JetRenameTable(s, dbid, c"parent".as_ptr(), c"p".as_ptr()), JET_errFixedDDL);
    }
    assert_eq!(set_default(s, dbid, c"child", c"a", &[1, 0, 0, 0]), JET_errColumnNotFound);
    let (parent, code) = Cursor::open(s, dbid, c"parent", 0);
    assert_eq!(code, 0);
    assert_eq!(parent.add_column(&long(c"d")).0, JET_errFixedDDL);
    assert_eq!(parent.create_index(&index(c"ix", b"+a\0\0", 0)), JET_errFixedDDL);
    assert_eq!(delete_column(parent, c"a"), JET_errFixedDDL);
}

fn what_must_stay() {
    let scene = Scene::new();
    let (s, dbid, c) = (scene.s(), scene.dbid(), scene.c);
    for name in [c"MSysObjects", c"MSysObjectsShadow", c"MSysObjids", c"MSysLocales", c"msysobjects"] {
        // SAFETY: the names end with a zero.
        unsafe {
            assert_eq!(JetDeleteTable(s, dbid, name.as_ptr()), JET_errCannotDeleteSystemTable, "{name:?}");
            assert_eq!(JetRenameTable(s, dbid, name.as_ptr(), c"x".as_ptr()), JET_errFixedDDL, "{name:?}");
        }
    }
    // SAFETY: the name ends with a zero.
    assert_eq!(unsafe { JetDeleteTable(s, dbid, c"nowhere".as_ptr()) }, JET_errObjectNotFound);
    assert_eq!(rename_table(s, dbid, c"nowhere", c"x"), JET_errObjectNotFound);
    assert_eq!(delete_column(c, c"nowhere"), JET_errColumnNotFound);
    assert_eq!(c.rename_column(c"nowhere", c"x"), JET_errColumnNotFound);
    assert_eq!(delete_index(c, c"nowhere"), JET_errIndexNotFound);
    assert_eq!(c.rename_column(c"d", c"D"), 0, "another case is the same name");
    assert_eq!(rename_table(s, dbid, c"t", c"T"), 0);
    // SAFETY: the names end with a zero.
    let code = unsafe { JetRenameColumn(s, c.table, c"d".as_ptr(), c"x".as_ptr(), 0x8000_0000) };
    assert_eq!(code, JET_errInvalidGrbit);
    let read_only = scene.open(c"t", JET_bitTableReadOnly);
    let refused = [
        read_only.prepare(JET_prepInsert),
        read_only.add_column(&long(c"q")).0,
        read_only.create_index(&index(c"q", b"+d\0\0", 0)),
        delete_column(read_only, c"d"),
        delete_index(read_only, c"iv"),
    ];
    assert_eq!(each(&refused), JET_errPermissionDenied);
}

fn default_values() {
    let scene = Scene::new();
    let (s, dbid) = (scene.s(), scene.dbid());
    let set = |column, value: &[u8]| set_default(s, dbid, c"t", column, value);
    assert_eq!(set(c"d", b""), JET_errNullInvalid);
    for value in [&[1_u8][..], &[0; 8]] {
        assert_eq!(set(c"d", value), JET_errInvalidBufferSize);
    }
    assert_eq!(set(c"nowhere", &[0; 4]), JET_errColumnNotFound);
    assert_eq!(set(c"v", &[0; 4]), JET_errColumnInUse, "an index is over it");
    assert_eq!(set_default(s, dbid, c"nowhere", c"d", &[0; 4]), JET_errObjectNotFound);
    // SAFETY: the names end with a zero; NULL is no value, whatever its length.
    let code = unsafe { JetSetColumnDefaultValue(s, dbid, c"t".as_ptr(), c"d".as_ptr(), null(), 4, 0) };
    assert_eq!(code, JET_errNullInvalid);
    assert_eq!(scene.at(1).c.number(D), Some(7));
}
