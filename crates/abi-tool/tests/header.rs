//! The generated files are current, and C gives every structure the layout of the facts, on 64 and on 32 bits.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use abi_tool::declarations::Declarations;
use abi_tool::header::{Audience, header};
use abi_tool::{generated_files, project_root};
use esent::abi::structs::{self, StructLayout};

#[test]
fn the_committed_files_are_what_the_code_gives() {
    for (name, text) in generated_files().expect("the sources can be read") {
        let committed = fs::read_to_string(project_root().join(name)).unwrap_or_default();
        assert!(committed == text, "{name} is stale: cargo run -p abi-tool");
        ese_corpus::report!("{name}: {} lines, current", text.lines().count());
    }
}

/// A C file that asserts the size of every structure and the place of every field that has an address.
fn assertions(layouts: &[&StructLayout], bits: u32) -> (String, usize) {
    let mut text = "#include \"esent.h\"\n".to_owned();
    let mut count = 0;
    for layout in layouts {
        let name = layout.name;
        let size = if bits == 64 { layout.size_64 } else { layout.size_32 };
        let _ = writeln!(text, "_Static_assert(sizeof({name}) == {size}, \"{name}\");");
        count += 1;
        for field in layout.fields.iter().filter(|field| !field.bits_or_union.starts_with("bit ")) {
            let (offset, bytes) = if bits == 64 { field.place_64 } else { field.place_32 };
            let member = field.name;
            let _ = writeln!(
                text,
                "_Static_assert(offsetof({name}, {member}) == {offset} && sizeof((({name} *)0)->{member}) == {bytes}, \"{name}.{member}\");"
            );
            count += 1;
        }
    }
    (text, count)
}

#[test]
fn c_lays_every_structure_out_as_the_facts_say_on_64_and_on_32_bits() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let declarations = Declarations::read(&project_root()).expect("the sources can be read");
    let everything = header(&declarations, Audience::Tests).expect("a header of everything");
    fs::write(folder.path().join("esent.h"), everything).expect("a temporary file");
    let source = folder.path().join("layouts.c");
    for (bits, machine) in [(64, "-m64"), (32, "-m32")] {
        // On 32 bits the original packs the inside of this private structure differently from the rest of the header.
        let layouts: Vec<_> =
            structs::layouts().filter(|layout| bits == 64 || layout.name != "JET_TESTHOOKCORRUPT").collect();
        let (text, count) = assertions(&layouts, bits);
        fs::write(&source, text).expect("a temporary file");
        for compiler in ["gcc", "clang"] {
            let supports = |file: &str| {
                let flags = [
                    "-std=c11",
                    machine,
                    "-ffreestanding",
                    "-fsyntax-only",
                    "-DJET_VERSION=0xFFFF",
                    "-x",
                    "c",
                    file,
                ];
                Command::new(compiler).args(flags).current_dir(folder.path()).output()
            };
            fs::write(
                folder.path().join("empty.c"),
                "#include <stdint.h>\n#include <stddef.h>\nint main(void) { return 0; }\n",
            )
            .expect("a temporary file");
            if !supports("empty.c").is_ok_and(|output| output.status.success()) {
                ese_corpus::report!("SKIPPED layouts with {compiler} {machine}: not here");
                continue;
            }
            let output = supports("layouts.c").expect("the compiler just ran");
            assert!(
                output.status.success(),
                "{compiler} {machine}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            ese_corpus::report!(
                "{compiler} {machine}: {count} assertions on {} structures hold",
                layouts.len()
            );
        }
    }
}
