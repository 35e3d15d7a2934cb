//! Definitions of tables, columns and indexes, from the structures of a caller to what the engine takes, and back.
//!
//! The A and W forms of a structure differ in nothing but what their text pointers point to; the five generations of
//! JET_TABLECREATE and three of JET_INDEXCREATE in which fields they have. All are read into one form each.
//!
//! Invariant: what is read of a caller's memory is as much as the caller says there is, and nothing of it is kept.

use std::ffi::{c_char, c_void};

use ese_engine::catalog::{
    IndexGrbit, ItemOutcome, NewCallback, NewColumn, NewCondition, NewDefault, NewIndex, NewLocale, NewTable,
    SpaceHints,
};
use ese_format::column_type::ColumnId;
use ese_format::error::JetError;
use widestring::U16Str;

use super::argument::{Place, Text, input};
use super::names::{bytes_of_1252, read_name};
use crate::abi::locale;
use crate::abi::structs::*;
use crate::abi::tables::bits::*;
use crate::abi::tables::typedefs::*;

/// Columns or indexes a caller may list: more than any table has.
const ITEMS_MAX: u32 = 1 << 16;
/// Characters of a name and of a callback that are read at most; a longer one is none.
const NAME_UNITS_MAX: usize = 255;
/// Bytes of a key string that are read at most.
const KEY_BYTES_MAX: u32 = 1 << 16;

/// What the text pointers of a structure point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Bytes.
    Ansi,
    /// UTF-16.
    Wide,
}

impl Form {
    /// The text behind a pointer of this form.
    ///
    /// # Safety
    /// It is NULL or ends with a zero of the form, and stays for the length of the call.
    pub(crate) unsafe fn text(self, text: *const c_char) -> Text {
        match self {
            // SAFETY: told by the caller.
            Self::Ansi => unsafe { Text::ansi(text) },
            // SAFETY: told by the caller.
            Self::Wide => unsafe { Text::wide(text.cast()) },
        }
    }

    /// An object's name in bytes of code page 1252, still with its trailing spaces.
    ///
    /// # Errors
    /// JET_errInvalidName for NULL and for what the code page does not have.
    ///
    /// # Safety
    /// As [`Self::text`].
    pub(crate) unsafe fn name(self, name: *const c_char) -> Result<Vec<u8>, JetError> {
        // SAFETY: told by the caller.
        unsafe { self.optional_name(name) }?.ok_or(JetError::INVALID_NAME)
    }

    /// As [`Self::name`], `None` for NULL.
    ///
    /// # Errors
    /// JET_errInvalidName for what the code page does not have.
    ///
    /// # Safety
    /// As [`Self::text`].
    pub(crate) unsafe fn optional_name(self, name: *const c_char) -> Result<Option<Vec<u8>>, JetError> {
        // SAFETY: told by the caller.
        read_name(unsafe { self.text(name) }, NAME_UNITS_MAX)
    }

    /// A key string of so many bytes, as bytes of code page 1252.
    ///
    /// # Safety
    /// It is NULL or has that many bytes.
    unsafe fn key(self, key: *const c_char, bytes: u32) -> Result<Vec<u8>, JetError> {
        if bytes > KEY_BYTES_MAX {
            return Err(JetError::INDEX_INVALID_DEF);
        }
        // SAFETY: told by the caller.
        let key = unsafe { input(key.cast(), bytes) };
        match self {
            Self::Ansi => Ok(key.to_vec()),
            Self::Wide => {
                let (units, rest) = key.as_chunks::<2>();
                if !rest.is_empty() {
                    return Err(JetError::INDEX_INVALID_DEF);
                }
                let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
                bytes_of_1252(U16Str::from_slice(&units)).ok_or(JetError::COLUMN_NOT_FOUND)
            }
        }
    }
}

/// A list in the caller's memory.
fn items(list: *const c_void, count: u32) -> Result<usize, JetError> {
    if count > ITEMS_MAX || (list.is_null() && count > 0) {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(count as usize)
}

/// A column of a caller's definition, with its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnDefinition {
    name: Vec<u8>,
    column_type: u32,
    grbit: u32,
    bytes_max: u32,
    code_page: u32,
    default: Vec<u8>,
    /// `dll!function` of a user-defined default.
    callback: Option<Vec<u8>>,
}

impl ColumnDefinition {
    /// The column of a JET_COLUMNDEF.
    ///
    /// # Errors
    /// JET_errInvalidName, JET_errInvalidParameter for a default that is none.
    ///
    /// # Safety
    /// The default is NULL or has as many bytes as it says.
    pub(crate) unsafe fn of_columndef(
        form: Form,
        name: Vec<u8>,
        definition: &JET_COLUMNDEF,
        default: *const c_void,
        default_bytes: u32,
    ) -> Result<Self, JetError> {
        let mut column = Self {
            name,
            column_type: definition.coltyp,
            grbit: definition.grbit,
            bytes_max: definition.cbMax,
            code_page: u32::from(definition.cp),
            ..Self::default()
        };
        // SAFETY: told by the caller.
        unsafe { column.take_default(form, default, default_bytes) }?;
        Ok(column)
    }

    /// # Safety
    /// The default is NULL or has as many bytes as it says.
    unsafe fn take_default(
        &mut self,
        form: Form,
        default: *const c_void,
        bytes: u32,
    ) -> Result<(), JetError> {
        if self.grbit & JET_bitColumnUserDefinedDefault == 0 || default.is_null() {
            // SAFETY: told by the caller.
            self.default = unsafe { input(default, bytes) }.to_vec();
            return Ok(());
        }
        if bytes as usize != size_of::<JET_USERDEFINEDDEFAULT_A>() {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: the default has the bytes of this structure.
        let user = unsafe { default.cast::<JET_USERDEFINEDDEFAULT_A>().read_unaligned() };
        // SAFETY: the structure's text ends with a zero, and its data has as many bytes as it says.
        unsafe {
            self.callback = form.optional_name(user.szCallback)?;
            self.default = input(user.pbUserData.cast(), user.cbUserData).to_vec();
        }
        if self.callback.is_none() { Err(JetError::INVALID_PARAMETER) } else { Ok(()) }
    }

    /// For the engine.
    pub(crate) fn new_column(&self) -> NewColumn<'_> {
        let default = match &self.callback {
            Some(callback) => NewDefault::UserDefined { callback, data: &self.default },
            None if self.default.is_empty() => NewDefault::None,
            None => NewDefault::Value(&self.default),
        };
        NewColumn {
            name: &self.name,
            column_type: self.column_type,
            grbit: self.grbit,
            bytes_max: self.bytes_max,
            code_page: self.code_page,
            default,
        }
    }
}

/// The JET_COLUMNCREATEs of a caller, in either form.
#[derive(Clone, Copy)]
pub(crate) struct ColumnList {
    form: Form,
    start: *mut JET_COLUMNCREATE_A,
    count: u32,
}

impl ColumnList {
    /// Reads the list.
    ///
    /// # Safety
    /// It has as many structures as it says, whose pointers are NULL or valid as they say.
    unsafe fn read(self) -> Result<Vec<ColumnDefinition>, JetError> {
        let mut columns = Vec::new();
        for index in 0..items(self.start.cast(), self.count)? {
            // SAFETY: the list has that many structures.
            let item = unsafe { self.start.add(index).read_unaligned() };
            if item.cbStruct as usize != size_of::<JET_COLUMNCREATE_A>() {
                return Err(JetError::INVALID_PARAMETER);
            }
            let mut column = ColumnDefinition {
                // SAFETY: the structure's text ends with a zero. What is no name the engine finds out in its turn.
                name: unsafe { self.form.name(item.szColumnName) }.unwrap_or_default(),
                column_type: item.coltyp,
                grbit: item.grbit,
                bytes_max: item.cbMax,
                code_page: item.cp,
                ..ColumnDefinition::default()
            };
            // SAFETY: the structure's default has as many bytes as it says.
            unsafe { column.take_default(self.form, item.pvDefault, item.cbDefault) }?;
            columns.push(column);
        }
        Ok(columns)
    }

    /// Tells the caller what became of its columns.
    ///
    /// # Safety
    /// As [`Self::read`].
    unsafe fn answer(self, outcomes: &[ItemOutcome], ids: &[ColumnId]) {
        for (index, outcome) in outcomes.iter().enumerate() {
            // SAFETY: there is an outcome for each structure of the list.
            let place = unsafe { Place::new(self.start.add(index)) };
            let Some(mut item) = place.read() else { return };
            if let Some(id) = ids.get(index) {
                item.columnid = id.to_api();
            }
            match outcome {
                ItemOutcome::Untouched => {}
                ItemOutcome::Done => item.err = 0,
                ItemOutcome::Failed(error) => item.err = error.code(),
            }
            place.write(item);
        }
    }
}

/// Which JET_INDEXCREATE a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexGeneration {
    /// JET_INDEXCREATE, also the older one without `cbKeyMost`.
    First,
    /// JET_INDEXCREATE2: with space hints.
    Second,
    /// JET_INDEXCREATE3: with locale names.
    Third,
}

/// An index of a caller's definition, with its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct IndexDefinition {
    name: Vec<u8>,
    key: Vec<u8>,
    grbit: u32,
    density: u32,
    key_most: u32,
    var_seg_mac: u32,
    locale: Option<NewLocale>,
    tuple_limits: Option<[u32; 5]>,
    conditions: Vec<(Vec<u8>, u32)>,
    space_hints: Option<SpaceHints>,
}

impl IndexDefinition {
    /// The index of JetCreateIndex.
    ///
    /// # Errors
    /// JET_errInvalidParameter, JET_errIndexInvalidDef.
    ///
    /// # Safety
    /// The key is NULL or has as many bytes as it says.
    pub(crate) unsafe fn simple(
        form: Form,
        name: Vec<u8>,
        grbit: JET_GRBIT,
        key: *const c_char,
        key_bytes: u32,
        density: u32,
    ) -> Result<Self, JetError> {
        if key.is_null() || key_bytes == 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        // SAFETY: told by the caller.
        let key = unsafe { form.key(key, key_bytes) }?;
        Ok(Self { name, key, grbit, density, ..Self::default() })
    }

    fn conditions(&self) -> Vec<NewCondition<'_>> {
        self.conditions.iter().map(|(column, grbit)| NewCondition { column, grbit: *grbit }).collect()
    }

    fn new_index<'d>(&'d self, conditions: &'d [NewCondition<'d>]) -> NewIndex<'d> {
        NewIndex {
            name: &self.name,
            key: &self.key,
            grbit: self.grbit,
            density: self.density,
            key_most: self.key_most,
            var_seg_mac: self.var_seg_mac,
            locale: self.locale.clone(),
            tuple_limits: self.tuple_limits,
            conditions,
            space_hints: self.space_hints,
        }
    }
}

/// Runs `call` with the indexes as the engine takes them.
pub(crate) fn with_new_indexes<T>(
    definitions: &[IndexDefinition],
    call: impl FnOnce(&[NewIndex<'_>]) -> T,
) -> T {
    let conditions: Vec<_> = definitions.iter().map(IndexDefinition::conditions).collect();
    let indexes: Vec<_> =
        definitions.iter().zip(&conditions).map(|(definition, own)| definition.new_index(own)).collect();
    call(&indexes)
}

/// The JET_INDEXCREATEs of a caller, in either form.
#[derive(Clone, Copy)]
pub(crate) struct IndexList {
    form: Form,
    generation: IndexGeneration,
    start: *mut u8,
    count: u32,
}

impl IndexList {
    /// A list of structures at `start`.
    pub(crate) fn new<T>(form: Form, generation: IndexGeneration, start: *mut T, count: u32) -> Self {
        Self { form, generation, start: start.cast(), count }
    }

    /// Bytes of the structures, which their first field says.
    ///
    /// # Safety
    /// There is at least one.
    unsafe fn stride(self) -> Result<usize, JetError> {
        // SAFETY: the first field of every structure is its size.
        let bytes = unsafe { self.start.cast::<u32>().read_unaligned() } as usize;
        let known = match self.generation {
            IndexGeneration::First => {
                [size_of::<JET_INDEXCREATE_A>(), size_of::<JET_INDEXCREATEOLD_A>()].contains(&bytes)
            }
            IndexGeneration::Second => bytes == size_of::<JET_INDEXCREATE2_A>(),
            IndexGeneration::Third => bytes == size_of::<JET_INDEXCREATE3_A>(),
        };
        if known { Ok(bytes) } else { Err(JetError::INVALID_PARAMETER) }
    }

    /// Reads the list.
    ///
    /// # Errors
    /// JET_errInvalidParameter for no list and for sizes that lie; those of the parts.
    ///
    /// # Safety
    /// It has as many structures as it says, whose pointers are NULL or valid as they say.
    pub(crate) unsafe fn read(self) -> Result<Vec<IndexDefinition>, JetError> {
        let mut indexes = Vec::new();
        let count = items(self.start.cast(), self.count)?;
        if count == 0 {
            return Ok(indexes);
        }
        // SAFETY: there is at least one.
        let stride = unsafe { self.stride() }?;
        for index in 0..count {
            // SAFETY: the list has that many structures of that many bytes.
            indexes.push(unsafe { self.read_item(self.start.add(index * stride), stride) }?);
        }
        Ok(indexes)
    }

    /// # Safety
    /// `start` is one of the structures.
    unsafe fn read_item(self, start: *const u8, stride: usize) -> Result<IndexDefinition, JetError> {
        let mut bytes = [0; size_of::<JET_INDEXCREATE2_A>()];
        // SAFETY: the structure has that many bytes, which are no more than those of the longest.
        unsafe { std::ptr::copy_nonoverlapping(start, bytes.as_mut_ptr(), stride.min(bytes.len())) };
        // SAFETY: all fields are numbers and pointers, of which any bytes are values, and zeros stand for what an older
        // structure does not have.
        let item = unsafe { bytes.as_ptr().cast::<JET_INDEXCREATE2_A>().read_unaligned() };
        if item.cbStruct as usize != stride {
            return Err(JetError::INVALID_PARAMETER);
        }
        if item.szKey.is_null() || item.cbKey == 0 {
            return Err(JetError::INVALID_PARAMETER);
        }
        let grbit = IndexGrbit::from_bits_retain(item.grbit);
        let (mut var_seg_mac, mut tuple_limits) = (0, None);
        // SAFETY: both faces of the union are numbers of some bytes; the grbit says which one was meant.
        unsafe {
            if grbit.contains(IndexGrbit::TUPLE_LIMITS) {
                let limits = Place::new(item.anonymous_48.ptuplelimits).read();
                tuple_limits = limits.map(|limits| {
                    [
                        limits.chLengthMin,
                        limits.chLengthMax,
                        limits.chToIndexMax,
                        limits.cchIncrement,
                        limits.ichStart,
                    ]
                });
            } else {
                var_seg_mac = item.anonymous_48.cbVarSegMac;
            }
        }
        // SAFETY: the structure's pointers are valid as it says.
        unsafe {
            Ok(IndexDefinition {
                name: self.form.name(item.szIndexName).unwrap_or_default(),
                key: self.form.key(item.szKey, item.cbKey)?,
                grbit: item.grbit,
                density: item.ulDensity,
                key_most: item.cbKeyMost,
                var_seg_mac,
                locale: self.locale(&item)?,
                tuple_limits,
                conditions: conditions(self.form, item.rgconditionalcolumn, item.cConditionalColumn)?,
                space_hints: space_hints(item.pSpacehints)?,
            })
        }
    }

    /// The locale that a structure gives: its own with JET_bitIndexUnicode, else a number that is not 0 in the older ones.
    ///
    /// # Safety
    /// Its pointer is NULL or valid.
    unsafe fn locale(self, item: &JET_INDEXCREATE2_A) -> Result<Option<NewLocale>, JetError> {
        let by_number = !IndexGrbit::from_bits_retain(item.grbit).contains(IndexGrbit::UNICODE);
        // SAFETY: the pointer is NULL or points to a structure of its generation; without the bit it is a number.
        unsafe {
            if by_number {
                let lcid = item.anonymous_40.lcid;
                if self.generation == IndexGeneration::Third || lcid == 0 {
                    return Ok(None);
                }
                let name = locale::name_of(lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
                return Ok(Some(NewLocale { name: name.to_owned(), lcmap_flags: 0 }));
            }
            let pointer = item.anonymous_40.pidxunicode;
            if self.generation != IndexGeneration::Third {
                let Some(unicode) = Place::new(pointer).read() else { return Ok(None) };
                let name = locale::name_of(unicode.lcid).ok_or(JetError::INVALID_LANGUAGE_ID)?;
                return Ok(Some(NewLocale { name: name.to_owned(), lcmap_flags: unicode.dwMapFlags }));
            }
            let Some(unicode) = Place::new(pointer.cast::<JET_UNICODEINDEX2>()).read() else {
                return Ok(None);
            };
            let name =
                Text::wide(unicode.szLocaleName).read(NAME_UNITS_MAX, JetError::INVALID_LANGUAGE_ID)?;
            let name = name.map(|name| name.to_string().map_err(|_| JetError::INVALID_LANGUAGE_ID));
            Ok(Some(NewLocale {
                name: name.transpose()?.unwrap_or_default(),
                lcmap_flags: unicode.dwMapFlags,
            }))
        }
    }

    /// Tells the caller what became of its indexes.
    ///
    /// # Safety
    /// As [`Self::read`], and the list was read.
    pub(crate) unsafe fn answer(self, outcomes: &[ItemOutcome]) {
        if outcomes.is_empty() {
            return;
        }
        // SAFETY: there is at least one.
        let Ok(stride) = (unsafe { self.stride() }) else { return };
        for (index, outcome) in outcomes.iter().enumerate() {
            let code = match outcome {
                ItemOutcome::Untouched => continue,
                ItemOutcome::Done => 0,
                ItemOutcome::Failed(error) => error.code(),
            };
            // SAFETY: there is an outcome for each structure, and `err` is at the same place in all of them.
            unsafe {
                let err = self.start.add(index * stride + std::mem::offset_of!(JET_INDEXCREATE2_A, err));
                err.cast::<JET_ERR>().write_unaligned(code);
            }
        }
    }
}

/// # Safety
/// The list has as many structures as it says, each with a text that ends with a zero.
unsafe fn conditions(
    form: Form,
    list: *const JET_CONDITIONALCOLUMN_A,
    count: u32,
) -> Result<Vec<(Vec<u8>, u32)>, JetError> {
    let mut conditions = Vec::new();
    for index in 0..items(list.cast(), count)? {
        // SAFETY: the list has that many structures.
        let item = unsafe { list.add(index).read_unaligned() };
        if item.cbStruct as usize != size_of::<JET_CONDITIONALCOLUMN_A>() {
            return Err(JetError::INDEX_INVALID_DEF);
        }
        // SAFETY: the structure's text ends with a zero.
        conditions.push((unsafe { form.name(item.szColumnName) }?, item.grbit));
    }
    Ok(conditions)
}

/// # Safety
/// The pointer is NULL or points to a structure.
unsafe fn space_hints(hints: *const JET_SPACEHINTS) -> Result<Option<SpaceHints>, JetError> {
    if hints.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL.
    let hints = unsafe { hints.read_unaligned() };
    if hints.cbStruct as usize != size_of::<JET_SPACEHINTS>() {
        return Err(JetError::INVALID_PARAMETER);
    }
    Ok(Some(SpaceHints {
        initial_density: hints.ulInitialDensity,
        initial_bytes: hints.cbInitial,
        grbit: hints.grbit,
        maintenance_density: hints.ulMaintDensity,
        growth: hints.ulGrowth,
        extent_bytes_min: hints.cbMinExtent,
        extent_bytes_max: hints.cbMaxExtent,
    }))
}

/// A table of a caller's definition.
pub(crate) struct TableDefinition {
    name: Vec<u8>,
    template: Option<Vec<u8>>,
    pages: u32,
    density: u32,
    columns: Vec<ColumnDefinition>,
    indexes: Vec<IndexDefinition>,
    callback: Option<(Vec<u8>, u32)>,
    grbit: u32,
    space_hints: Option<SpaceHints>,
    long_value_hints: Option<SpaceHints>,
    separate_lv: u32,
    lv_chunk_bytes: u32,
}

/// The fields of any JET_TABLECREATE.
#[derive(Clone, Copy)]
pub(crate) struct TableFields {
    pub(crate) form: Form,
    pub(crate) name: *const c_char,
    pub(crate) template: *const c_char,
    pub(crate) pages: u32,
    pub(crate) density: u32,
    pub(crate) columns: *mut JET_COLUMNCREATE_A,
    pub(crate) column_count: u32,
    pub(crate) indexes: *mut c_void,
    pub(crate) index_count: u32,
    pub(crate) index_generation: IndexGeneration,
    pub(crate) callback: *const c_char,
    pub(crate) callback_types: u32,
    pub(crate) grbit: u32,
    pub(crate) space_hints: *const JET_SPACEHINTS,
    pub(crate) long_value_hints: *const JET_SPACEHINTS,
    pub(crate) separate_lv: u32,
    pub(crate) lv_chunk_bytes: u32,
}

impl TableFields {
    /// Those of a structure of zeros.
    pub(crate) fn empty(form: Form, index_generation: IndexGeneration) -> Self {
        Self {
            form,
            name: std::ptr::null(),
            template: std::ptr::null(),
            pages: 0,
            density: 0,
            columns: std::ptr::null_mut(),
            column_count: 0,
            indexes: std::ptr::null_mut(),
            index_count: 0,
            index_generation,
            callback: std::ptr::null(),
            callback_types: 0,
            grbit: 0,
            space_hints: std::ptr::null(),
            long_value_hints: std::ptr::null(),
            separate_lv: 0,
            lv_chunk_bytes: 0,
        }
    }

    fn column_list(&self) -> ColumnList {
        ColumnList { form: self.form, start: self.columns, count: self.column_count }
    }

    fn index_list(&self) -> IndexList {
        IndexList::new(self.form, self.index_generation, self.indexes, self.index_count)
    }

    /// Reads everything the structure points to.
    ///
    /// # Errors
    /// JET_errInvalidName, JET_errInvalidParameter, those of the parts.
    ///
    /// # Safety
    /// Its pointers are NULL or valid as it says.
    pub(crate) unsafe fn read(&self) -> Result<TableDefinition, JetError> {
        // SAFETY: told by the caller.
        unsafe {
            let callback = if self.callback_types == 0 {
                None
            } else {
                self.form.optional_name(self.callback)?.map(|callback| (callback, self.callback_types))
            };
            Ok(TableDefinition {
                name: self.form.name(self.name)?,
                template: self.form.optional_name(self.template)?.filter(|name| !name.is_empty()),
                pages: self.pages,
                density: self.density,
                columns: self.column_list().read()?,
                indexes: self.index_list().read()?,
                callback,
                grbit: self.grbit,
                space_hints: space_hints(self.space_hints)?,
                long_value_hints: space_hints(self.long_value_hints)?,
                separate_lv: self.separate_lv,
                lv_chunk_bytes: self.lv_chunk_bytes,
            })
        }
    }

    /// Tells the caller what became of its columns and indexes.
    ///
    /// # Safety
    /// As [`Self::read`], and it was read.
    pub(crate) unsafe fn answer(&self, columns: &[ItemOutcome], ids: &[ColumnId], indexes: &[ItemOutcome]) {
        // SAFETY: told by the caller.
        unsafe {
            self.column_list().answer(columns, ids);
            self.index_list().answer(indexes);
        }
    }
}

impl TableDefinition {
    /// A table without columns and indexes, as JetCreateTable makes it.
    pub(crate) fn plain(name: Vec<u8>, pages: u32, density: u32) -> Self {
        Self {
            name,
            template: None,
            pages,
            density,
            columns: Vec::new(),
            indexes: Vec::new(),
            callback: None,
            grbit: 0,
            space_hints: None,
            long_value_hints: None,
            separate_lv: 0,
            lv_chunk_bytes: 0,
        }
    }

    /// The functions that the table's callback and its columns' defaults name.
    pub(crate) fn callbacks(&self) -> impl Iterator<Item = &[u8]> {
        let table = self.callback.as_ref().map(|(function, _)| function.as_slice());
        self.columns.iter().filter_map(|column| column.callback.as_deref()).chain(table)
    }

    /// Runs `call` with the table as the engine takes it.
    pub(crate) fn with_new_table<T>(&self, call: impl FnOnce(&NewTable<'_>) -> T) -> T {
        let columns: Vec<_> = self.columns.iter().map(ColumnDefinition::new_column).collect();
        with_new_indexes(&self.indexes, |indexes| {
            call(&NewTable {
                name: &self.name,
                template: self.template.as_deref(),
                pages: self.pages,
                density: self.density,
                columns: &columns,
                indexes,
                callback: self
                    .callback
                    .as_ref()
                    .map(|(function, types)| NewCallback { function, types: *types }),
                grbit: self.grbit,
                space_hints: self.space_hints,
                long_value_hints: self.long_value_hints,
                separate_lv: self.separate_lv,
                lv_chunk_bytes: self.lv_chunk_bytes,
            })
        })
    }
}
