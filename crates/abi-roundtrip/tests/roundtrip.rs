//! What bindgen reads in `include/esent.h` is what `esent` declares.

#![allow(clippy::unnecessary_cast, reason = "bindgen chooses the types of constants")]

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

use esent::abi::structs;
use esent::abi::tables::bits::BITS;
use esent::abi::tables::enums::ENUMS;
use esent::abi::tables::errors::ERRORS;
use esent::abi::tables::functions::FUNCTIONS;
use esent::abi::tables::params::PARAMETERS;
use esent::abi::tables::{Form, Value, Visibility};
use esent::api;

/// The Windows level that the header shows where a program asks for none.
const JET_VERSION: u16 = 0x0A00;

/// The header as bindgen reads it; bindgen's own assertions pin sizes, offsets and alignments.
#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    dead_code,
    unreachable_pub
)]
#[allow(clippy::all, clippy::pedantic, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]
mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

const fn same_size<Read, Own>(name: &'static str) -> (&'static str, bool) {
    (name, size_of::<Read>() == size_of::<Own>() && align_of::<Read>() == align_of::<Own>())
}

/// What crosses the ABI in a call: the size of the result, then those of the parameters.
trait Signature {
    const SIZES: &'static [usize];
}

macro_rules! signatures {
    ($($abi:literal: $($parameter:ident)*;)*) => {
        $(impl<R, $($parameter),*> Signature for unsafe extern $abi fn($($parameter),*) -> R {
            const SIZES: &'static [usize] = &[size_of::<R>() $(, size_of::<$parameter>())*];
        })*
    };
}

signatures! {
    "C": ; "C": A; "C": A B; "C": A B C; "C": A B C D; "C": A B C D E; "C": A B C D E F; "C": A B C D E F G;
    "C": A B C D E F G H; "C": A B C D E F G H I; "C": A B C D E F G H I J; "C": A B C D E F G H I J K;
    "system": ; "system": A; "system": A B; "system": A B C; "system": A B C D; "system": A B C D E;
    "system": A B C D E F; "system": A B C D E F G; "system": A B C D E F G H; "system": A B C D E F G H I;
    "system": A B C D E F G H I J; "system": A B C D E F G H I J K;
}

fn same_signature<Read: Signature, Own: Signature>(_: Read, _: Own, name: &str) {
    assert_eq!(Read::SIZES, Own::SIZES, "{name}");
}

include!(concat!(env!("OUT_DIR"), "/comparisons.rs"));

fn public(visibility: Visibility, since: u16) -> bool {
    visibility == Visibility::Public && since <= JET_VERSION
}

#[test]
fn bindgen_gives_back_every_public_structure_and_its_layout() {
    let read: BTreeSet<&str> = STRUCTURES.iter().map(|(name, _)| *name).collect();
    let declared = structs::layouts().filter(|layout| public(layout.visibility, layout.since));
    assert_eq!(read, declared.map(|layout| layout.name).collect());
    for (name, same) in STRUCTURES {
        assert!(same, "{name}: size or alignment differ");
    }
    for (name, read, own) in FIELDS {
        assert_eq!(read, own, "{name}");
    }
    println!("{} structures and {} fields equal", STRUCTURES.len(), FIELDS.len());
}

#[test]
fn bindgen_gives_back_every_public_constant() {
    let mut own = BTreeMap::new();
    for constant in BITS.iter().chain(ENUMS).filter(|constant| public(constant.visibility, constant.since)) {
        // bindgen does not evaluate casts: the C programs compare nil handles. Of a value with conditions the newest counts.
        let handle = matches!(constant.type_name, "JET_INSTANCE" | "JET_SESID" | "JET_TABLEID" | "JET_LS");
        if let (Value::Number(number), false, false) = (constant.value, handle, constant.name.contains(' ')) {
            // A C macro has no type: what counts is its 32 bits.
            own.insert(constant.name, number as u32);
        }
    }
    own.extend(
        ERRORS
            .iter()
            .filter(|error| public(error.visibility, 0))
            .map(|error| (error.name, error.value as u32)),
    );
    own.extend(
        PARAMETERS
            .iter()
            .filter(|parameter| public(parameter.visibility, parameter.since))
            .map(|parameter| (parameter.name, parameter.id)),
    );
    own.insert("JET_VERSION", u32::from(JET_VERSION));
    let read: BTreeMap<&str, u32> = CONSTANTS.iter().copied().collect();
    for (name, value) in &own {
        assert_eq!(read.get(name), Some(value), "{name}");
    }
    assert_eq!(
        read.len(),
        own.len(),
        "{:?}",
        read.keys().filter(|name| !own.contains_key(*name)).collect::<Vec<_>>()
    );
    println!("{} constants equal", read.len());
}

#[test]
fn bindgen_gives_back_every_public_function_and_its_signature() {
    let read: BTreeSet<&str> = FUNCTION_NAMES.iter().copied().collect();
    let declared = FUNCTIONS
        .iter()
        .filter(|function| public(function.visibility, function.since) && function.form != Form::AnsiAlias);
    let own: BTreeSet<&str> = declared.map(|function| function.name).chain(["libesent_version"]).collect();
    assert!(read == own, "{:?}", read.symmetric_difference(&own).collect::<Vec<_>>());
    compare_signatures();
    println!("{} functions equal", read.len());
}
