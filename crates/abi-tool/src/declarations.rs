//! The declarations cbindgen makes of the Rust sources, one by one.
//!
//! cbindgen reads one file with all the sources in it. It knows `extern "C"` but not `extern "system"`, which is the same
//! everywhere but on 32-bit Windows, where `JET_API` in the header says what `"system"` says in Rust.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use esent::abi::structs;
use esent::abi::tables::typedefs::TYPEDEFS;

/// The folders whose sources declare the C interface.
const FOLDERS: [&str; 3] = ["src/abi/tables", "src/abi/structs", "src/api"];

/// The C declarations of every type and function, by name.
#[derive(Debug)]
pub struct Declarations {
    items: BTreeMap<String, String>,
}

impl Declarations {
    /// Runs cbindgen over the sources below `root`.
    ///
    /// # Errors
    /// When a source cannot be read or parsed.
    pub fn read(root: &Path) -> Result<Self> {
        let mut source = String::new();
        for folder in FOLDERS {
            let mut paths = Vec::new();
            for entry in fs::read_dir(root.join(folder)).with_context(|| folder.to_owned())? {
                paths.push(entry?.path());
            }
            paths.sort();
            for path in
                paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            {
                let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
                source.extend(
                    text.lines()
                        .filter(|line| !line.starts_with("//!") && !line.starts_with("#!["))
                        .map(|line| format!("{line}\n")),
                );
            }
        }
        let joined = tempfile::NamedTempFile::with_suffix(".rs").context("a temporary file")?;
        fs::write(joined.path(), source.replace("extern \"system\"", "extern \"C\""))
            .context("the joined sources")?;
        let output = generate(&root.join("cbindgen.toml"), joined.path())?;
        Ok(Self { items: split(&output) })
    }

    /// The declaration of `name`.
    ///
    /// # Errors
    /// When cbindgen made none.
    pub fn of(&self, name: &str) -> Result<&str> {
        self.items.get(name).map(String::as_str).ok_or_else(|| anyhow!("cbindgen declares no {name}"))
    }
}

fn generate(configuration: &Path, source: &Path) -> Result<String> {
    let mut config =
        cbindgen::Config::from_file(configuration).map_err(|error| anyhow!("cbindgen.toml: {error}"))?;
    // Types that only travel behind `void *` are reached by no function: name them.
    config.export.include = structs::layouts().map(|layout| layout.name.to_owned()).collect();
    config.export.include.extend(TYPEDEFS.iter().map(|typedef| typedef.name.to_owned()));
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source)
        .generate()
        .map_err(|error| anyhow!("cbindgen: {error}"))?;
    let mut output = Vec::new();
    bindings.write(&mut output);
    String::from_utf8(output).context("cbindgen's output")
}

/// Cuts cbindgen's output into declarations; comments are left out, since the tables hold the text for them.
fn split(output: &str) -> BTreeMap<String, String> {
    let mut items = BTreeMap::new();
    let (mut item, mut depth, mut in_comment) = (String::new(), 0_usize, false);
    for line in output.lines() {
        let trimmed = line.trim();
        in_comment |= trimmed.starts_with("/*");
        if in_comment {
            in_comment = !trimmed.ends_with("*/");
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with("//") {
            continue;
        }
        if !item.is_empty() {
            item.push('\n');
        }
        // The header names every type before it uses it: no `struct X` in the place of `X`.
        if trimmed.starts_with("typedef struct") || trimmed.starts_with("typedef union") {
            item.push_str(trimmed);
        } else {
            item.push_str(&trimmed.replace("struct ", "").replace("union ", ""));
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        if depth == 0 && trimmed.ends_with(';') {
            items.insert(declared_name(&item).to_owned(), std::mem::take(&mut item));
        }
    }
    items
}

/// The name that a declaration declares.
fn declared_name(item: &str) -> &str {
    let before_parameters = item.split('(').next().unwrap_or_default();
    let name_part = if !item.starts_with("typedef") {
        before_parameters
    } else if let Some(callback) = item.split("(*").nth(1).filter(|_| !item.contains('{')) {
        callback.split(')').next().unwrap_or_default()
    } else {
        item.trim_end_matches(';')
    };
    name_part.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
}

/// The lines between the braces of a structure or union.
#[must_use]
pub fn body(item: &str) -> Vec<&str> {
    item.lines().skip(1).take_while(|line| !line.starts_with('}')).map(str::trim).collect()
}
