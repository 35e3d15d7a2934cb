//! The lines of `/d2`: every extent a tree owns and what is free inside of it (spec 10 §6.6).

use std::io::Write;

use super::row::{Kind, Row, Run};
use crate::failure::CommandResult;
use crate::output::Output;

/// One line for each owned extent, then one for each free extent that lies in none of them.
pub(super) fn write(row: &Row, out: &mut Output<'_>) -> CommandResult {
    let label = match row.kind {
        Kind::Database => "space[DbRoot\\]".to_owned(),
        _ => format!("space[{}\\{}]", row.owning_table, row.name),
    };
    let general = if row.space.multiple { "Gen" } else { "Pri" };
    let pools =
        [(general, &row.space.available), ("Ctg", &row.space.continuous), ("Shv", &row.space.shelved)];
    let mut free: Vec<(&str, &Run)> =
        pools.iter().flat_map(|(pool, runs)| runs.iter().map(move |run| (*pool, run))).collect();
    free.sort_by_key(|(_, run)| run.first);
    for owned in &row.space.owned {
        let (inside, outside): (Vec<_>, Vec<_>) =
            free.into_iter().partition(|(_, run)| run.first >= owned.first && run.last() <= owned.last());
        free = outside;
        write!(
            out,
            "        {label}  OE[{:>7}]: {:>6} - {:>6} ({:>4}, ):  ",
            if row.space.multiple { owned.node_page } else { row.root },
            owned.first,
            owned.last(),
            owned.pages
        )?;
        if !inside.is_empty() {
            let markers = inside.iter().filter(|(_, run)| run.pages == 0).count();
            let pages: u64 = inside.iter().map(|(_, run)| u64::from(run.pages)).sum();
            write!(out, "AEs({} extents, {markers} markers, {pages} pages)  Extents: ", inside.len())?;
        }
        for (pool, run) in inside {
            let page = if row.space.multiple { run.node_page } else { row.root };
            write!(out, "[{page}]{}-{} ({}, Pool: {pool}), ", run.first, run.last(), run.pages)?;
        }
        writeln!(out)?;
    }
    for (pool, run) in free {
        writeln!(
            out,
            "        {label}   Pool: {pool}: {:>6} - {:>6} ({:>4}):  Extents:  ",
            run.first,
            run.last(),
            run.pages
        )?;
    }
    Ok(())
}
