//! The `#define`s and enumerations of the header.

use std::fmt::Write;

use esent::abi::tables::bits::BITS;
use esent::abi::tables::enums::{ENUMS, TEXTS};
use esent::abi::tables::errors::ERRORS;
use esent::abi::tables::params::PARAMETERS;
use esent::abi::tables::{Constant, Value};

use crate::header::{Audience, gated, plain};

/// `/* meaning */`, one line long.
fn comment(meaning: &str) -> String {
    format!("/* {} */", plain(meaning))
}

/// A number as C writes it, so that its type has 32 bits on every platform (spec 08 §2.5).
fn number(constant: &Constant, value: i128) -> String {
    match constant.type_name {
        "JET_INSTANCE" | "JET_SESID" | "JET_TABLEID" | "JET_LS" => {
            format!("(({})~(JET_API_PTR)0)", constant.type_name)
        }
        _ if constant.kind == "bit" => format!("0x{value:08X}u"),
        _ if value == i128::from(i32::MIN) => "(-2147483647 - 1)".to_owned(),
        _ if value < 0 => format!("({value})"),
        _ if value > i128::from(u32::MAX) => format!("0x{value:X}ull"),
        _ if value > i128::from(i32::MAX) => format!("0x{value:08X}u"),
        _ => value.to_string(),
    }
}

fn value(constant: &Constant) -> String {
    match constant.value {
        Value::Number(value) => number(constant, value),
        Value::Text(text) => format!("u\"{text}\""),
    }
}

/// `NAME (CONDITION)` cut in two, the condition as the preprocessor writes it.
fn variant(name: &str) -> Option<(&str, String)> {
    let (base, condition) = name.strip_suffix(')')?.split_once(" (")?;
    let condition = match condition.split_once("..") {
        Some((low, high)) => format!("(JET_VERSION >= {low}) && (JET_VERSION <= {high})"),
        None if condition == "JET_UNICODE" => "defined(JET_UNICODE)".to_owned(),
        None => condition.to_owned(),
    };
    Some((base, condition))
}

/// One `#define`, with the values it has under other conditions where `others` has some.
fn define(constant: &Constant, others: &[(&str, String, &Constant)]) -> String {
    let line = |constant: &Constant| {
        format!(
            "#define {} {} {}\n",
            constant.name.split(' ').next().unwrap_or_default(),
            value(constant),
            comment(constant.meaning)
        )
    };
    let mut text = String::new();
    for (index, (_, condition, other)) in others.iter().enumerate() {
        let _ = write!(text, "#{} {condition}\n{}", if index == 0 { "if" } else { "elif" }, line(other));
    }
    if others.is_empty() {
        gated(constant.since, &line(constant))
    } else {
        text + "#else\n" + &line(constant) + "#endif\n"
    }
}

/// Flags, limits and the rest, each group under its name.
#[must_use]
pub fn defines(audience: Audience) -> String {
    let shown: Vec<&Constant> = BITS
        .iter()
        .chain(ENUMS)
        .chain(TEXTS)
        .filter(|constant| audience.sees(constant.visibility) && !constant.kind.starts_with("enum "))
        .collect();
    let variants: Vec<_> = shown
        .iter()
        .filter_map(|constant| variant(constant.name).map(|(base, condition)| (base, condition, *constant)))
        .collect();
    let mut text = String::new();
    let mut groups: Vec<&str> = Vec::new();
    for constant in &shown {
        if !groups.contains(&constant.group) {
            groups.push(constant.group);
        }
    }
    for group in groups {
        let _ = write!(text, "\n{}\n\n", comment(group));
        for constant in
            shown.iter().filter(|constant| constant.group == group && variant(constant.name).is_none())
        {
            let others: Vec<_> =
                variants.iter().filter(|(base, ..)| *base == constant.name).cloned().collect();
            text += &define(constant, &others);
        }
    }
    text
}

/// The enumeration type `name`.
#[must_use]
pub fn enumeration(name: &str, since: u16) -> String {
    let mut text = "typedef enum\n{\n".to_owned();
    for constant in ENUMS.iter().filter(|constant| constant.kind.strip_prefix("enum ") == Some(name)) {
        let line = format!("    {} = {}, {}\n", constant.name, value(constant), comment(constant.meaning));
        text += &if constant.since > since { gated(constant.since, &line) } else { line };
    }
    gated(since, &format!("{text}}} {name};\n"))
}

/// The numbers of the system parameters.
#[must_use]
pub fn parameters(audience: Audience) -> String {
    let mut text = String::new();
    for parameter in PARAMETERS
        .iter()
        .filter(|parameter| audience.sees(parameter.visibility) && parameter.name.starts_with("JET_"))
    {
        text += &gated(
            parameter.since,
            &format!("#define {} {} {}\n", parameter.name, parameter.id, comment(parameter.meaning)),
        );
    }
    text
}

/// The error codes.
#[must_use]
pub fn errors(audience: Audience) -> String {
    let mut text = String::new();
    for error in ERRORS.iter().filter(|error| audience.sees(error.visibility)) {
        let value = if error.value < 0 { format!("({})", error.value) } else { error.value.to_string() };
        let _ = writeln!(text, "#define {} {value} {}", error.name, comment(error.meaning));
    }
    text
}
