//! The tables of the C interface against the facts they were made from, both ways: nothing missing, nothing extra.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ese_format::error::JET_ERRORS;
use esent::abi::structs::{self, Packing};
use esent::abi::tables::bits::BITS;
use esent::abi::tables::enums::{ENUMS, TEXTS};
use esent::abi::tables::errors::ERRORS;
use esent::abi::tables::functions::FUNCTIONS;
use esent::abi::tables::params::PARAMETERS;
use esent::abi::tables::typedefs::TYPEDEFS;
use esent::abi::tables::{
    Form, ParameterAccess, ParameterDefault, ParameterKind, ParameterScope, Settable, Value,
};

type Row = BTreeMap<String, String>;

/// The rows of a facts table by column name.
fn rows(folder: &Path, name: &str) -> Vec<Row> {
    let path = folder.join(format!("{name}.csv"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut records = records(&text).into_iter();
    let head = records.next().expect("a table has a head");
    let rows: Vec<Row> = records.map(|record| head.iter().cloned().zip(record).collect()).collect();
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

/// The fields of each line; a field in quotes may hold commas, line ends and doubled quotes.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                all.push(std::mem::take(&mut record));
            }
            _ => field.push(character),
        }
    }
    assert!(field.is_empty() && record.is_empty(), "the last line has an end");
    all
}

fn number(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let parsed = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    sign * parsed.unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn since(text: &str) -> u16 {
    if matches!(text, "any" | "-" | "") { 0 } else { u16::try_from(number(text)).unwrap() }
}

/// Compares two lists of lines as sets, and says what each lacks.
fn assert_same(what: &str, mut facts: Vec<String>, mut code: Vec<String>) {
    facts.sort();
    code.sort();
    let missing: Vec<_> = facts.iter().filter(|line| code.binary_search(line).is_err()).take(20).collect();
    let extra: Vec<_> = code.iter().filter(|line| facts.binary_search(line).is_err()).take(20).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}: not in the code {missing:#?}, not in the facts {extra:#?}"
    );
    assert_eq!(facts.len(), code.len(), "{what}: doubled lines");
    ese_corpus::report!("{what}: {} rows agree", facts.len());
}

#[test]
fn every_constant_has_the_name_value_and_version_of_the_facts() {
    let Some(folder) = ese_corpus::facts() else { return ese_corpus::skipped("constants against the facts") };
    let value = |text: &str| match text {
        text if text.starts_with('"') => format!("{:?}", text.trim_matches('"')),
        text if text.starts_with("all ones") => i128::from(usize::MAX as u64).to_string(),
        text => number(text).to_string(),
    };
    let line = |row: &Row, kind: &str| {
        format!(
            "{} = {} ({kind}, {}, {}, {:#06x})",
            row["name"],
            value(&row["value"]),
            row["group"],
            row["visibility"],
            since(&row["min_jet_version"])
        )
    };
    let facts = rows(&folder, "bits")
        .iter()
        .map(|row| line(row, "bit"))
        .chain(rows(&folder, "enums").iter().map(|row| line(row, &row["kind"])))
        .collect();
    let code = BITS
        .iter()
        .chain(ENUMS)
        .chain(TEXTS)
        .map(|constant| {
            let value = match constant.value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => format!("{text:?}"),
            };
            format!(
                "{} = {value} ({}, {}, {}, {:#06x})",
                constant.name,
                constant.kind,
                constant.group,
                format!("{:?}", constant.visibility).to_lowercase(),
                constant.since
            )
        })
        .collect();
    assert_same("bits and enums", facts, code);
}

#[test]
fn every_error_code_agrees_with_the_facts_and_with_the_engine() {
    let engine: Vec<String> =
        JET_ERRORS.iter().map(|error| format!("{} {}", error.name, error.value)).collect();
    let code = ERRORS.iter().map(|error| format!("{} {}", error.name, error.value)).collect();
    assert_same("errors of the engine", engine, code);
    let Some(folder) = ese_corpus::facts() else { return ese_corpus::skipped("errors against the facts") };
    let facts = rows(&folder, "errors")
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} {} {}",
                row["name"],
                row["value"],
                row["visibility"],
                row["level"],
                row["category_path"],
                row["alias_of"]
            )
        })
        .collect();
    let code = ERRORS
        .iter()
        .map(|error| {
            let visibility = format!("{:?}", error.visibility).to_lowercase();
            format!(
                "{} {} {visibility} {} {} {}",
                error.name, error.value, error.level, error.category_path, error.alias_of
            )
        })
        .collect();
    assert_same("errors", facts, code);
}

#[test]
fn every_system_parameter_has_the_range_default_and_rules_of_the_facts() {
    let Some(folder) = ese_corpus::facts() else {
        return ese_corpus::skipped("parameters against the facts");
    };
    let bound = |text: &str, default: usize| match text.trim_end_matches(" chars") {
        "" | "any" => default,
        "ULONG_PTR_MAX" => usize::MAX,
        text => usize::try_from(number(text)).unwrap(),
    };
    let default = |text: &str| {
        let first = text.split(' ').next().unwrap_or_default();
        match first {
            _ if text.starts_with('"') => format!("text {}", text.trim_matches('"')),
            "" | "(function)" => "none".to_owned(),
            "ULONG_PTR_MAX" => usize::MAX.to_string(),
            first => number(first).to_string(),
        }
    };
    let facts = rows(&folder, "params")
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} advanced {} default {} small {} {}..={} {} {} {} {:#06x}",
                row["name"],
                row["id"],
                row["type"],
                if row["scope"] == "global" { "global" } else { "instance" },
                row["advanced"] == "yes",
                default(&row["default"]),
                default(&row["default_small_config"]),
                bound(&row["min"], 0),
                bound(&row["max"], usize::MAX),
                row["settable_after_init"],
                row["access"],
                row["visibility"],
                since(&row["min_jet_version"])
            )
        })
        .collect();
    let shown_default = |default: ParameterDefault| match default {
        ParameterDefault::None => "none".to_owned(),
        ParameterDefault::Number(number) => number.to_string(),
        ParameterDefault::Text(text) => format!("text {text}"),
    };
    let code = PARAMETERS
        .iter()
        .map(|parameter| {
            let kind = match parameter.kind {
                ParameterKind::Integer => "int",
                ParameterKind::Boolean => "int(bool)",
                ParameterKind::Bits => "int(bits)",
                ParameterKind::PowerOfTwo => "int(power of two)",
                ParameterKind::Pointer => "ptr",
                ParameterKind::Special => "ptr/other",
                ParameterKind::Text => "string",
                ParameterKind::Folder => "string(folder)",
                ParameterKind::Path => "string(path)",
                ParameterKind::Nothing => "none",
            };
            let settable = match parameter.settable {
                Settable::Always => "yes",
                Settable::BeforeInstance => "no: before JetInit of the instance",
                Settable::BeforeProcess => "no: only before the first instance of the process is created",
                Settable::Never => "no",
            };
            let access = match parameter.access {
                ParameterAccess::Stored => "get/set",
                ParameterAccess::StoredUnused => "get/set, stored but not used",
                ParameterAccess::OwnHandler => "get/set (own handler)",
                ParameterAccess::GetOnly => "get only",
                ParameterAccess::Ignored => "get/set do nothing",
                ParameterAccess::Refused => "always JET_errInvalidParameter",
            };
            format!(
                "{} {} {kind} {} advanced {} default {} small {} {}..={} {settable} {access} {} {:#06x}",
                parameter.name,
                parameter.id,
                if parameter.scope == ParameterScope::Process { "global" } else { "instance" },
                parameter.advanced,
                shown_default(parameter.default),
                shown_default(parameter.small_default),
                parameter.min,
                parameter.max,
                format!("{:?}", parameter.visibility).to_lowercase(),
                parameter.since
            )
        })
        .collect();
    assert_same("params", facts, code);
}

#[test]
fn every_structure_and_field_has_the_place_of_the_facts() {
    let Some(folder) = ese_corpus::facts() else {
        return ese_corpus::skipped("structures against the facts");
    };
    let facts = rows(&folder, "structs")
        .iter()
        .map(|row| {
            format!(
                "{}.{} {} at {} {} / {} {} {} {:#06x} {} {}",
                row["struct"],
                row["field"],
                row["c_type"],
                row["offset_x64"],
                row["size_x64"],
                row["offset_x86"],
                row["size_x86"],
                row["bits_or_union"],
                since(&row["min_jet_version"]),
                row["packing"],
                row["tag"]
            )
        })
        .collect();
    let mut code = Vec::new();
    for layout in structs::layouts() {
        let packing = if layout.packing == Packing::Byte { "1" } else { "8 (x64) / 4 (x86)" };
        code.push(format!(
            "{}.(whole) struct at 0 {} / 0 {}  {:#06x} {packing} {}",
            layout.name, layout.size_64, layout.size_32, layout.since, layout.tag
        ));
        for field in layout.fields {
            code.push(format!(
                "{}.{} {} at {} {} / {} {} {} {:#06x} {packing} ",
                layout.name,
                field.name,
                field.c_type,
                field.place_64.0,
                field.place_64.1,
                field.place_32.0,
                field.place_32.1,
                field.bits_or_union,
                field.since
            ));
        }
    }
    assert_same("structs", facts, code);
}

#[test]
fn every_type_is_what_the_facts_say() {
    let Some(folder) = ese_corpus::facts() else { return ese_corpus::skipped("types against the facts") };
    let facts = rows(&folder, "typedefs")
        .iter()
        .map(|row| {
            let visibility = &row["visibility"];
            format!(
                "{} {} {} {} {} {:#06x} {visibility}",
                row["name"],
                row["kind"],
                row["definition"],
                row["size_x64"],
                row["size_x86"],
                since(&row["min_jet_version"])
            )
        })
        .collect();
    let code = TYPEDEFS
        .iter()
        .map(|typedef| {
            let visibility = format!("{:?}", typedef.visibility).to_lowercase();
            format!(
                "{} {} {} {} {} {:#06x} {visibility}",
                typedef.name,
                typedef.kind,
                typedef.definition,
                typedef.size_64,
                typedef.size_32,
                typedef.since
            )
        })
        .collect();
    assert_same("typedefs", facts, code);
}

/// A C parameter type as Rust writes it.
fn rust_type(c_type: &str) -> String {
    let (mut result, mut constant) = (String::new(), false);
    for token in c_type.replace('*', " * ").split_whitespace() {
        match token {
            "const" => constant = true,
            "*" => {
                result = format!("{}{result}", if constant { "*const " } else { "*mut " });
                constant = false;
            }
            name => {
                result = match name {
                    "void" => "c_void",
                    "char" => "c_char",
                    "int32_t" => "i32",
                    "int64_t" => "i64",
                    "uint32_t" => "u32",
                    "uint64_t" => "u64",
                    name => name,
                }
                .to_owned();
            }
        }
    }
    result
}

#[test]
fn every_function_has_the_parameters_of_the_facts() {
    let Some(folder) = ese_corpus::facts() else { return ese_corpus::skipped("functions against the facts") };
    let rows = rows(&folder, "functions");
    let exported = |row: &&Row| row["status"] != "not API";
    let stripped = |text: &str| {
        let parameters =
            text.split("; ").map(|parameter| parameter.split(" [").next().unwrap_or_default().trim());
        parameters.collect::<Vec<_>>().join("; ")
    };
    let parameters = |row: &Row| -> String {
        let of = |name: &str| {
            let other = rows.iter().find(|other| other["name"] == name && other["variant"] != "alias");
            other.unwrap_or_else(|| panic!("{name} is not in the facts"))["parameters"].clone()
        };
        match row["parameters"].as_str() {
            "(W form)" => stripped(&of(&format!("{}A", row["base_name"]))).replace("JET_PCSTR", "JET_PCWSTR"),
            text => match text.strip_prefix("(as ").and_then(|rest| rest.strip_suffix(')')) {
                Some(name) => stripped(&of(name)),
                None => stripped(text),
            },
        }
    };
    let mut facts: Vec<String> =
        rows.iter().filter(exported).map(|row| format!("{}({})", row["name"], parameters(row))).collect();
    facts.sort();
    // JetSetTableInfoW is listed twice: as itself and as another name of JetSetTableInfoA, which is the same function.
    facts.dedup();
    let code =
        FUNCTIONS.iter().map(|function| format!("{}({})", function.name, function.parameters)).collect();
    assert_same("functions", facts, code);
    for function in FUNCTIONS {
        let names = function.parameters.split("; ").filter(|parameter| !parameter.is_empty());
        let types: Vec<_> = names
            .map(|parameter| {
                let name_start = parameter.rfind([' ', '*']).expect("a parameter has a type") + 1;
                rust_type(&parameter[..name_start])
            })
            .collect();
        let compiled: String = function.types.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(compiled, types.join(", "), "{}", function.name);
        let in_facts = rows.iter().find(|row| {
            row["name"] == function.name && (row["variant"] == "alias") == (function.form == Form::AnsiAlias)
        });
        let row = in_facts.unwrap_or_else(|| panic!("{} has another form in the facts", function.name));
        assert_eq!(row["base_name"], function.base);
        assert_eq!(since(&row["min_jet_version"]), function.since, "{}", function.name);
        assert_eq!(row["tier"], function.tier.to_string(), "{}", function.name);
        assert_eq!(
            row["visibility"],
            format!("{:?}", function.visibility).to_lowercase(),
            "{}",
            function.name
        );
    }
}

#[test]
fn everything_the_managed_wrapper_links_to_is_exported_with_as_many_arguments() {
    let Some(folder) = ese_corpus::facts() else {
        return ese_corpus::skipped("the managed wrapper's imports");
    };
    let imports = rows(&folder, "managed_imports");
    for import in &imports {
        let function = FUNCTIONS.iter().find(|function| function.name == import["entry_point"]);
        let function = function.unwrap_or_else(|| panic!("{} is not exported", import["entry_point"]));
        let arguments = function.parameters.split("; ").filter(|parameter| !parameter.is_empty()).count();
        assert_eq!(arguments.to_string(), import["argument_count"], "{}", function.name);
    }
    ese_corpus::report!("managed imports: {} entry points found", imports.len());
}
