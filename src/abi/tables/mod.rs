//! Every constant, scalar type and function of the C interface: one line each, from which come the Rust constant, the
//! line of the C header and the row that tests compare with the facts.
//!
//! The files of this folder but this one are written by `tools/generate-abi.py`.

pub mod bits;
pub mod enums;
pub mod errors;
pub mod functions;
pub mod params;
pub mod typedefs;

/// Who a declaration is for (spec 08, introduction).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// In the header that programs include.
    Public,
    /// For the engine's own tools.
    Private,
    /// Never leaves the engine.
    Internal,
    /// Only in older headers.
    Historical,
    /// A number kept free.
    Reserved,
    /// Exported, but declared nowhere.
    Undeclared,
}

/// One scalar, enumeration or callback type.
#[derive(Clone, Copy, Debug)]
pub struct Typedef {
    /// Its name.
    pub name: &'static str,
    /// `scalar`, `pointer`, `enum` or `callback`.
    pub kind: &'static str,
    /// What it stands for in C.
    pub definition: &'static str,
    /// Size in bytes on 64-bit targets.
    pub size_64: usize,
    /// Size in bytes on 32-bit targets.
    pub size_32: usize,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
    /// Who it is for.
    pub visibility: Visibility,
}

/// The value of a [`Constant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(i128),
    /// UTF-16 text.
    Text(&'static str),
}

/// One flag, enumeration value, limit or other constant.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Its name in C; where the value depends on what the program defines, followed by that condition in parentheses.
    pub name: &'static str,
    /// Its type.
    pub type_name: &'static str,
    /// Its value.
    pub value: Value,
    /// The call, structure or subject it belongs to.
    pub group: &'static str,
    /// `bit`, `define`, or `enum NAME`.
    pub kind: &'static str,
    /// Who it is for.
    pub visibility: Visibility,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
    /// What it is for, in one sentence.
    pub meaning: &'static str,
}

/// One error or warning.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode {
    /// Its name in C.
    pub name: &'static str,
    /// The code.
    pub value: i32,
    /// Who it is for.
    pub visibility: Visibility,
    /// `external`, `internal` or `obsolete`.
    pub level: &'static str,
    /// The categories from the root, separated by `>`.
    pub category_path: &'static str,
    /// The name this one is another spelling of.
    pub alias_of: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

/// Which form of a function an export is (spec 08 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// There is one form only.
    Single,
    /// The A form.
    Ansi,
    /// The W form.
    Wide,
    /// A W form without an A form.
    WideOnly,
    /// The unsuffixed export, equal to the A form.
    AnsiAlias,
}

/// One exported function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The name without A or W.
    pub base: &'static str,
    /// Which form it is.
    pub form: Form,
    /// The A form an [`Form::AnsiAlias`] stands for, else empty.
    pub alias_of: &'static str,
    /// Who it is for.
    pub visibility: Visibility,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
    /// Tier of spec 08 §12.
    pub tier: u8,
    /// The parameters as C declares them, separated by `; `.
    pub parameters: &'static str,
    /// The types of the parameters in Rust.
    pub types: &'static str,
    /// What it does, in a few words.
    pub meaning: &'static str,
}

/// What kind of value a system parameter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A number.
    Integer,
    /// Stored as 0 or 1.
    Boolean,
    /// Flags.
    Bits,
    /// A number that must be a power of two.
    PowerOfTwo,
    /// A pointer or a context value.
    Pointer,
    /// Neither: its own rules (spec 08 §6.4).
    Special,
    /// Text.
    Text,
    /// A folder.
    Folder,
    /// A file or a folder.
    Path,
    /// No value at all.
    Nothing,
}

/// Where a system parameter lives (spec 08 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterScope {
    /// One value for the process.
    Process,
    /// A default for the process and a value for each instance.
    Instance,
}

/// The value a system parameter starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterDefault {
    /// None of its own.
    None,
    /// A number.
    Number(usize),
    /// Text.
    Text(&'static str),
}

/// Until when a system parameter may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settable {
    /// At any time.
    Always,
    /// Until the instance starts.
    BeforeInstance,
    /// Until the process has its first instance.
    BeforeProcess,
    /// Never.
    Never,
}

/// What happens when a system parameter is set or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterAccess {
    /// Stored and used.
    Stored,
    /// Stored and given back, without effect.
    StoredUnused,
    /// Checked and stored by rules of its own.
    OwnHandler,
    /// Can be read only.
    GetOnly,
    /// Set and read succeed and do nothing.
    Ignored,
    /// Set and read fail with JET_errInvalidParameter.
    Refused,
}

/// One system parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in C.
    pub name: &'static str,
    /// Its number.
    pub id: u32,
    /// What kind of value it has.
    pub kind: ParameterKind,
    /// Where it lives.
    pub scope: ParameterScope,
    /// Whether setting it is ignored while JET_paramEnableAdvanced is 0.
    pub advanced: bool,
    /// The value it starts with.
    pub default: ParameterDefault,
    /// The value of the small configuration, where it differs.
    pub small_default: ParameterDefault,
    /// Smallest number, or length in UTF-16 units.
    pub min: usize,
    /// Largest number, or length in UTF-16 units.
    pub max: usize,
    /// Until when it may be set.
    pub settable: Settable,
    /// What happens when it is set or read.
    pub access: ParameterAccess,
    /// Who it is for.
    pub visibility: Visibility,
    /// The lowest `JET_VERSION` that shows it; 0: always there.
    pub since: u16,
    /// What it is for, in one sentence.
    pub meaning: &'static str,
}

macro_rules! typedef_table {
    ($(($name:ident, $kind:literal, $definition:literal, $size_64:literal, $size_32:literal, $since:literal, $visibility:ident),)*) => {
        $(const _: () = assert!(size_of::<$name>() == if cfg!(target_pointer_width = "64") { $size_64 } else { $size_32 });)*

        /// Every type of this file.
        pub const TYPEDEFS: &[super::Typedef] = &[$(super::Typedef {
            name: stringify!($name),
            kind: $kind,
            definition: $definition,
            size_64: $size_64,
            size_32: $size_32,
            since: $since,
            visibility: super::Visibility::$visibility,
        },)*];
    };
}
use typedef_table;

macro_rules! bit_table {
    ($(($name:ident, $kind:ident, $value:literal, $shown:literal, $group:literal, $visibility:ident, $since:literal, $meaning:literal),)*) => {
        $(#[doc = $meaning] pub const $name: $kind = $value;)*

        /// Every flag of this file.
        pub const BITS: &[super::Constant] = &[$(super::Constant {
            name: $shown,
            type_name: stringify!($kind),
            value: super::Value::Number($name as i128),
            group: $group,
            kind: "bit",
            visibility: super::Visibility::$visibility,
            since: $since,
            meaning: $meaning,
        },)*];
    };
}
use bit_table;

macro_rules! enum_table {
    ($(($name:ident, $type_name:ident, $value:expr, $shown:literal, $group:literal, $visibility:ident, $since:literal, $meaning:literal, $kind:literal),)*) => {
        $(#[doc = $meaning] pub const $name: $type_name = $value;)*

        /// Every number of this file.
        pub const ENUMS: &[super::Constant] = &[$(super::Constant {
            name: $shown,
            type_name: stringify!($type_name),
            value: super::Value::Number($name as i128),
            group: $group,
            kind: $kind,
            visibility: super::Visibility::$visibility,
            since: $since,
            meaning: $meaning,
        },)*];
    };
}
use enum_table;

macro_rules! text_table {
    ($(($name:ident, str, $value:literal, $shown:literal, $group:literal, $visibility:ident, $since:literal, $meaning:literal),)*) => {
        $(#[doc = $meaning] pub const $name: &str = $value;)*

        /// Every text of this file.
        pub const TEXTS: &[super::Constant] = &[$(super::Constant {
            name: $shown,
            type_name: "text",
            value: super::Value::Text($name),
            group: $group,
            kind: "define",
            visibility: super::Visibility::$visibility,
            since: $since,
            meaning: $meaning,
        },)*];
    };
}
use text_table;

macro_rules! error_table {
    ($(($name:ident, $value:literal, $visibility:ident, $level:literal, $path:literal, $alias:literal, $meaning:literal),)*) => {
        $(#[doc = $meaning] pub const $name: super::typedefs::JET_ERR = $value;)*

        /// Every code, in the order of the facts.
        pub const ERRORS: &[super::ErrorCode] = &[$(super::ErrorCode {
            name: stringify!($name),
            value: $name,
            visibility: super::Visibility::$visibility,
            level: $level,
            category_path: $path,
            alias_of: $alias,
            meaning: $meaning,
        },)*];
    };
}
use error_table;

macro_rules! parameter_table {
    ($(($name:ident, $id:literal, $shown:literal, $kind:ident, $scope:ident, $advanced:literal, $default:ident $(($default_value:expr))?, $small:ident $(($small_value:expr))?,
        $min:expr, $max:expr, $settable:ident, $access:ident, $visibility:ident, $since:literal, $meaning:literal),)*) => {
        $(#[doc = $meaning] pub const $name: u32 = $id;)*

        /// Every system parameter, in the order of the numbers.
        pub const PARAMETERS: &[super::Parameter] = &[$(super::Parameter {
            name: $shown,
            id: $id,
            kind: super::ParameterKind::$kind,
            scope: super::ParameterScope::$scope,
            advanced: $advanced,
            default: super::ParameterDefault::$default $(($default_value))?,
            small_default: super::ParameterDefault::$small $(($small_value))?,
            min: $min,
            max: $max,
            settable: super::Settable::$settable,
            access: super::ParameterAccess::$access,
            visibility: super::Visibility::$visibility,
            since: $since,
            meaning: $meaning,
        },)*];
    };
}
use parameter_table;

macro_rules! function_table {
    ($(($name:ident, $base:literal, $form:ident, $alias:literal, $visibility:ident, $since:literal, $tier:literal, ($($type:ty),*), $parameters:literal, $meaning:literal),)*) => {
        $(const _: unsafe extern "system" fn($($type),*) -> JET_ERR = crate::api::$name;)*

        /// Every export of the C interface, in the order of the names.
        pub const FUNCTIONS: &[super::Function] = &[$(super::Function {
            name: stringify!($name),
            base: $base,
            form: super::Form::$form,
            alias_of: $alias,
            visibility: super::Visibility::$visibility,
            since: $since,
            tier: $tier,
            parameters: $parameters,
            types: stringify!($($type),*),
            meaning: $meaning,
        },)*];
    };
}
use function_table;
