//! What each fuzz target does with its input. The targets of `fuzz/` and the replay in `cargo test` share these functions.
//!
//! Each takes any bytes, must not panic, and asserts what holds for all input: what decodes is encoded again to the same
//! meaning (to the same bytes where the form is canonical), and no output is larger than its input warrants.

mod database;
mod key;
mod log;
mod record;

/// One target: its name in `fuzz/` and what it does.
pub(crate) struct Target {
    /// File name in `fuzz/fuzz_targets` and folder in `fuzz/regressions`.
    pub(crate) name: &'static str,
    /// The entry.
    pub(crate) run: fn(&[u8]),
}

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "database_header", run: database::header },
    Target { name: "page", run: database::page },
    Target { name: "node", run: database::node },
    Target { name: "space_header", run: database::space_header },
    Target { name: "record", run: record::record },
    Target { name: "catalog_row", run: record::catalog_row },
    Target { name: "long_value", run: record::long_value },
    Target { name: "seven_bit_ascii", run: record::seven_bit_ascii },
    Target { name: "seven_bit_unicode", run: record::seven_bit_unicode },
    Target { name: "xpress", run: record::xpress },
    Target { name: "compression_round_trip", run: record::compression_round_trip },
    Target { name: "key_normalisation", run: key::key_normalisation },
    Target { name: "log_header", run: log::log_header },
    Target { name: "log_segment", run: log::log_segment },
    Target { name: "log_stream_of_version_7", run: log::log_stream_of_version_7 },
    Target { name: "log_record", run: log::log_record },
    Target { name: "checkpoint", run: log::checkpoint },
    Target { name: "attach_list", run: log::attach_list },
    Target { name: "flush_map", run: log::flush_map },
    Target { name: "trailer", run: log::trailer },
];

/// Takes `N` bytes off the front, zero where there are none.
fn take<const N: usize>(input: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    let count = N.min(input.len());
    let (front, rest) = input.split_at(count);
    taken[..count].copy_from_slice(front);
    *input = rest;
    taken
}
