//! `esent.h`: declarations and constants in the order of spec 08 §1.1, with JET_VERSION gates and the A/W scheme around them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Result, bail};
use esent::abi::structs::{self, FieldLayout, Packing, StructLayout};
use esent::abi::tables::functions::FUNCTIONS;
use esent::abi::tables::typedefs::TYPEDEFS;
use esent::abi::tables::{Form, Function, Visibility};

use crate::constants;
use crate::declarations::{Declarations, body};

/// Whom a header is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Programs: what is public.
    Programs,
    /// Tests of the layouts: everything.
    Tests,
}

impl Audience {
    /// Whether this audience sees a declaration.
    #[must_use]
    pub fn sees(self, visibility: Visibility) -> bool {
        self == Self::Tests || visibility == Visibility::Public
    }
}

const OPENING: &str = r#"/*
 * esent.h - the JET API of the Extensible Storage Engine, as libesent offers it.
 *
 * Written by `cargo run -p abi-tool` (cbindgen) from the Rust sources. Do not edit.
 *
 * JET_UNICODE, defined before this file is included, makes the plain names stand for the W forms; else they stand for the
 * A forms. JET_VERSION selects the Windows level whose declarations are shown, 0x0500 to 0x0A00 (default).
 * `long` of the Windows header is int32_t or uint32_t here, WCHAR is a UTF-16 unit: u"text" is a literal of it.
 */
#ifndef _JET_INCLUDED
#define _JET_INCLUDED

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef JET_VERSION
#ifdef WINVER
#define JET_VERSION WINVER
#else
#define JET_VERSION 0x0A00
#endif
#endif

/* Unnamed members and small bit-fields are older in compilers than in the standards. */
#ifdef __GNUC__
#define JET_EXTENSION __extension__
#else
#define JET_EXTENSION
#endif

#if UINTPTR_MAX > 0xFFFFFFFFu
#pragma pack(push, 8)
#else
#pragma pack(push, 4)
#endif

#ifndef JET_API
#ifdef _WIN32
#define JET_API __stdcall
#else
#define JET_API
#endif
#endif

/* One unit of UTF-16 text: never the wchar_t of Linux. */
#if defined(_WIN32)
typedef wchar_t WCHAR;
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#else
typedef uint_least16_t WCHAR;
#endif
"#;

const CLOSING: &str = r"
#pragma pack(pop)
#undef JET_EXTENSION

#ifdef __cplusplus
}
#endif

#endif /* _JET_INCLUDED */
";

/// `text` as it reads outside rustdoc and inside a C comment.
#[must_use]
pub fn plain(text: &str) -> String {
    text.replace('\\', "").replace("*/", "* /").replace("/*", "/ *")
}

/// `text` between `#if ( JET_VERSION >= since )` and `#endif`, where `since` asks for it.
#[must_use]
pub fn gated(since: u16, text: &str) -> String {
    if since == 0 { text.to_owned() } else { format!("#if ( JET_VERSION >= 0x{since:04X} )\n{text}#endif\n") }
}

/// The whole header.
///
/// # Errors
/// When a declaration is missing, or not of the shape this module expects.
pub fn header(declarations: &Declarations, audience: Audience) -> Result<String> {
    let mut text = OPENING.to_owned();
    text += "\n/* ---- Types ---- */\n\n";
    text += &types(declarations, audience)?;
    text += "\n/* ---- Constants ---- */\n";
    text += &constants::defines(audience);
    text += "\n/* ---- System parameters ---- */\n\n";
    text += &constants::parameters(audience);
    text += "\n/* ---- Errors and warnings ---- */\n\n";
    text += &constants::errors(audience);
    text += "\n/* ---- Functions ---- */\n\n#ifndef _JET_NOPROTOTYPES\n";
    text += &functions(declarations, audience)?;
    text += "\n/* The version of libesent itself, as \"MAJOR.MINOR.PATCH\". */\n";
    text += &prototype(
        &declarations.of("libesent_version")?.replace("libesent_version", "JET_API libesent_version"),
    );
    text += "\n#endif /* _JET_NOPROTOTYPES */\n";
    Ok(without_idle_gates(&(text + CLOSING)))
}

/// Joins neighbours behind the same gate: an `#endif` followed at once by the `#if` it closes says nothing.
fn without_idle_gates(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut closed = None;
    for line in text.lines() {
        if line.starts_with("#if") {
            open.push(line);
            if closed == Some(line) {
                let end = lines.iter().rposition(|line| *line == "#endif").unwrap_or_default();
                lines.remove(end);
                closed = None;
                continue;
            }
        }
        if line.starts_with("#endif") {
            closed = open.pop().filter(|gate| line == "#endif" && gate.contains("JET_VERSION"));
        } else if !line.is_empty() {
            closed = None;
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// Typedefs, enumerations, callbacks and structures, each after what it names.
fn types(declarations: &Declarations, audience: Audience) -> Result<String> {
    let mut order = Vec::new();
    let mut texts = BTreeMap::new();
    for typedef in
        TYPEDEFS.iter().filter(|typedef| audience.sees(typedef.visibility) && typedef.name != "WCHAR")
    {
        let text = match typedef.kind {
            "enum" => format!("\n{}", constants::enumeration(typedef.name, typedef.since)),
            "callback" => format!(
                "\n{}",
                gated(
                    typedef.since,
                    &prototype(&declarations.of(typedef.name)?.replacen("(*", "(JET_API *", 1))
                )
            ),
            _ => gated(typedef.since, &format!("{}\n", declarations.of(typedef.name)?)),
        };
        order.push(typedef.name);
        texts.insert(typedef.name, text);
    }
    for layout in structs::layouts().filter(|layout| audience.sees(layout.visibility)) {
        order.push(layout.name);
        texts.insert(layout.name, format!("\n{}", structure(declarations, layout)?));
    }
    let mut text = String::new();
    let mut written = BTreeSet::new();
    for name in order {
        write_after_what_it_names(name, &texts, &mut written, &mut text);
    }
    Ok(text)
}

fn write_after_what_it_names<'a>(
    name: &'a str,
    texts: &BTreeMap<&'a str, String>,
    written: &mut BTreeSet<&'a str>,
    text: &mut String,
) {
    let Some(own) = texts.get(name) else { return };
    if !written.insert(name) {
        return;
    }
    for word in own.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if let Some((named, _)) = texts.get_key_value(word) {
            write_after_what_it_names(named, texts, written, text);
        }
    }
    *text += own;
}

/// Makes the plain name stand for the W form with JET_UNICODE, else for the A form.
fn joined(base: &str, dash: &str) -> String {
    format!("#ifdef JET_UNICODE\n#define {base} {base}{dash}W\n#else\n#define {base} {base}{dash}A\n#endif\n")
}

fn tag(layout: &StructLayout) -> &'static str {
    if layout.tag.is_empty() { layout.name } else { layout.tag }
}

/// One structure with its tag, gates and packing, and the macro for its A and W forms.
fn structure(declarations: &Declarations, layout: &StructLayout) -> Result<String> {
    let tag = tag(layout);
    let mut text = String::new();
    if layout.packing == Packing::Byte {
        text += "#pragma pack(push, 1)\n";
    }
    let _ = write!(text, "typedef struct {tag}\n{{\n");
    write_members(declarations, layout, layout.name, Container::Struct, 1, &mut text)?;
    let _ = writeln!(text, "}} {};", layout.name);
    if layout.packing == Packing::Byte {
        text += "#pragma pack(pop)\n";
    }
    let base = layout.name.trim_end_matches("_A").trim_end_matches("_W");
    let both = structs::layouts().any(|other| other.name.strip_suffix("_A") == Some(base));
    match layout.variant {
        "W" if both => text += &joined(base, "_"),
        "W" => text += &format!("#ifdef JET_UNICODE\n#define {base} {base}_W\n#endif\n"),
        _ => {}
    }
    Ok(gated(layout.since, &text))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Struct,
    Union,
}

/// The members of `type_name`, inner types written where they stand.
fn write_members(
    declarations: &Declarations,
    layout: &StructLayout,
    type_name: &str,
    container: Container,
    depth: usize,
    text: &mut String,
) -> Result<()> {
    let indent = "    ".repeat(depth);
    for line in body(declarations.of(type_name)?) {
        let Some((member_type, member)) = line.trim_end_matches(';').rsplit_once(' ') else {
            bail!("{type_name}: {line}")
        };
        if member_type.contains("__") {
            let inner = if declarations.of(member_type)?.starts_with("typedef union") {
                Container::Union
            } else {
                Container::Struct
            };
            let keyword = if inner == Container::Union { "union" } else { "struct" };
            let declarator =
                if member.starts_with("anonymous_") { String::new() } else { format!(" {member}") };
            let extension = if declarator.is_empty() { "JET_EXTENSION " } else { "" };
            let _ = writeln!(text, "{indent}{extension}{keyword}\n{indent}{{");
            write_members(declarations, layout, member_type, inner, depth + 1, text)?;
            let _ = writeln!(text, "{indent}}}{declarator};");
        } else if let Some(offset) = member.strip_prefix("bits_") {
            let offset: usize = offset.parse()?;
            let in_union = container == Container::Union;
            if in_union {
                let _ = writeln!(text, "{indent}JET_EXTENSION struct\n{indent}{{");
            }
            let inner_indent = if in_union { format!("{indent}    ") } else { indent.clone() };
            for (name, width) in bit_fields(layout, type_name, offset) {
                let _ = writeln!(text, "{inner_indent}JET_EXTENSION {member_type} {name} : {width};");
            }
            if in_union {
                let _ = writeln!(text, "{indent}}};");
            }
        } else {
            let line = line.replace("JET_INDEXID_BYTES", "sizeof(JET_API_PTR) + 8");
            let since = field(layout, type_name, member).map_or(0, |field| field.since);
            // A structure that points to its own kind has no other name yet than its tag.
            let own_kind = format!("{} *", layout.name);
            let line = if line.starts_with(&own_kind) {
                format!("struct {} *{}", tag(layout), &line[own_kind.len()..])
            } else {
                line
            };
            let own = format!("{indent}{line}\n");
            text.push_str(&if since > layout.since { gated(since, &own) } else { own });
        }
    }
    Ok(())
}

/// What the layout calls a member of `type_name`: members of a named inner structure have its name before theirs.
fn prefix(layout: &StructLayout, type_name: &str) -> String {
    match type_name.strip_prefix(layout.name).and_then(|rest| rest.strip_prefix("__")) {
        Some(inner) if !inner.starts_with("anonymous_") => format!("{inner}."),
        _ => String::new(),
    }
}

fn field<'a>(layout: &'a StructLayout, type_name: &str, member: &str) -> Option<&'a FieldLayout> {
    let member = member.trim_start_matches('*').split(['[', ':']).next()?;
    let name = prefix(layout, type_name) + member;
    layout.fields.iter().find(|field| field.name == name)
}

/// Name and width of the bit-fields of `type_name` in the unit at `offset`.
fn bit_fields(layout: &StructLayout, type_name: &str, offset: usize) -> Vec<(&'static str, u32)> {
    let prefix = prefix(layout, type_name);
    layout
        .fields
        .iter()
        .filter(|field| field.place_64.0 == offset && field.bits_or_union.starts_with("bit "))
        .filter_map(|field| {
            let name = field.name.strip_prefix(prefix.as_str())?;
            let width = field.bits_or_union.split(' ').nth(3)?.parse().ok()?;
            (!name.contains('.')).then_some((name, width))
        })
        .collect()
}

/// A prototype or callback type on one line, or one parameter a line where that is too long.
fn prototype(declaration: &str) -> String {
    let joined = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.rsplit_once('(') {
        Some((head, parameters)) if joined.len() > 110 => {
            format!("{head}(\n    {}\n", parameters.replace(", ", ",\n    "))
        }
        _ => joined + "\n",
    }
}

/// Every prototype, with the macros that join A and W forms (spec 08 §1.3).
fn functions(declarations: &Declarations, audience: Audience) -> Result<String> {
    let mut text = String::new();
    let shown = |function: &&Function| audience.sees(function.visibility) && function.form != Form::AnsiAlias;
    for function in FUNCTIONS.iter().filter(shown) {
        let mut own = String::new();
        if function.form == Form::Ansi
            && FUNCTIONS.iter().any(|alias| alias.alias_of == function.name)
            && function.since < 0x0600
        {
            let _ = write!(
                own,
                "#if ( JET_VERSION < 0x0600 )\n#define {} {}\n#endif\n",
                function.name, function.base
            );
        }
        own += &prototype(&declarations.of(function.name)?.replacen(
            function.name,
            &format!("JET_API {}", function.name),
            1,
        ));
        let _ = write!(text, "\n/* {} */\n{}", plain(function.meaning), gated(function.since, &own));
        let base = function.base;
        match function.form {
            Form::Wide => {
                let since = function.since.max(0x0600);
                text += &gated(since, &joined(base, ""));
            }
            Form::WideOnly => {
                let plain_name = function.name.trim_end_matches('W');
                text += &gated(
                    function.since,
                    &format!("#ifdef JET_UNICODE\n#define {plain_name} {}\n#endif\n", function.name),
                );
            }
            Form::Single | Form::Ansi | Form::AnsiAlias => {}
        }
    }
    Ok(text)
}
