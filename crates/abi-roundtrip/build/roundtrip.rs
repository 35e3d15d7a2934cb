//! Runs bindgen over `include/esent.h`, and writes for every structure, constant and function it found there a line that
//! holds it against `esent`. The lists come from what was read, so that the test can also tell what was not.

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let header = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../include/esent.h");
    println!("cargo:rerun-if-changed={}", header.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let bindings = bindgen::Builder::default()
        .header(header.to_string_lossy())
        .clang_arg("-std=c11")
        .allowlist_file(".*esent\\.h")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .layout_tests(true)
        .formatter(bindgen::Formatter::Rustfmt)
        .generate()?
        .to_string();
    fs::write(out.join("comparisons.rs"), comparisons(&bindings))?;
    fs::write(out.join("bindings.rs"), bindings)?;
    Ok(())
}

fn comparisons(bindings: &str) -> String {
    let (mut structures, mut fields) = (String::new(), String::new());
    let (mut constants, mut functions, mut function_names) = (String::new(), String::new(), String::new());
    // A structure has its tag for a name, and its own name as a synonym of that.
    let synonyms: HashMap<&str, &str> = bindings
        .lines()
        .filter_map(|line| line.strip_prefix("pub type ")?.strip_suffix(';')?.split_once(" = "))
        .map(|(name, tag)| (tag, name))
        .collect();
    let mut inside: Option<&str> = None;
    let mut text = bindings;
    while let Some(line) = text.lines().next() {
        let rest = text.get(line.len() + 1..).unwrap_or_default();
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix("pub struct ").and_then(|line| line.split([' ', ';']).next())
        {
            inside = Some(synonyms.get(name).copied().unwrap_or(name))
                .filter(|name| name.starts_with("JET_") && !name.contains("__bindgen"));
            if let Some(name) = inside {
                let _ =
                    writeln!(structures, "    same_size::<bindings::{name}, structs::{name}>(\"{name}\"),");
            }
        } else if line == "}" {
            inside = None;
        } else if let (Some(name), Some(member)) =
            (inside, trimmed.strip_prefix("pub ").and_then(|line| line.split(": ").next()))
        {
            // Bit-fields and unnamed members: bindgen's own assertions hold their places.
            if !member.starts_with("_") && !member.contains(' ') {
                let _ = writeln!(
                    fields,
                    "    (\"{name}.{member}\", offset_of!(bindings::{name}, {member}), offset_of!(structs::{name}, {member})),"
                );
            }
        } else if let Some(name) = trimmed.strip_prefix("pub const ").and_then(|line| line.split(':').next())
        {
            if !name.starts_with('_') && !name.contains(' ') && !trimmed.contains("&[u") {
                let _ = writeln!(constants, "    (\"{name}\", bindings::{name} as u32),");
            }
        } else if let Some(name) = trimmed.strip_prefix("pub fn ").and_then(|line| line.split('(').next()) {
            let parameters = text.split(';').next().unwrap_or_default().matches(": ").count();
            let holes = vec!["_"; parameters].join(", ");
            if name.starts_with("Jet") || name.starts_with("libesent_") {
                let _ = writeln!(function_names, "    \"{name}\",");
            }
            if name.starts_with("Jet") {
                let _ = writeln!(
                    functions,
                    "    same_signature(bindings::{name} as unsafe extern \"C\" fn({holes}) -> _, api::{name} as unsafe extern \"system\" fn({holes}) -> _, \"{name}\");"
                );
            }
        }
        text = rest;
    }
    format!(
        "const STRUCTURES: &[(&str, bool)] = &[\n{structures}];\n\
         const FIELDS: &[(&str, usize, usize)] = &[\n{fields}];\n\
         const CONSTANTS: &[(&str, u32)] = &[\n{constants}];\n\
         const FUNCTION_NAMES: &[&str] = &[\n{function_names}];\n\
         fn compare_signatures() {{\n{functions}}}\n"
    )
}
