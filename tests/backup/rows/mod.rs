//! The rows of spec 07 §17.1, by what they are about.

mod begin;
mod ends;
mod files;
mod under_fire;

use esent::abi::tables::bits::*;

use crate::Row;
use crate::bed::Form;

const NORMAL: u32 = JET_bitBackupEndNormal;
const ABORT: u32 = JET_bitBackupEndAbort;
const INCREMENTAL: u32 = JET_bitBackupIncremental;

pub(crate) const ROWS: &[Row] = &[
    ("T1", begin::t1),
    ("T2", begin::t2),
    ("T3", begin::t3),
    ("T4", begin::t4),
    ("T5", begin::t5),
    ("T6", begin::t6),
    ("T7", begin::t7),
    ("T8", begin::t8),
    ("T9", begin::t9),
    ("T10", begin::t10),
    ("T11", begin::t11),
    ("T12", begin::t12),
    ("T13", begin::t13),
    ("T14", begin::t14),
    ("T15", files::t15),
    ("T16", files::t16),
    ("T17", files::t17),
    ("T18", files::t18),
    ("T19", files::t19),
    ("T20", files::t20),
    ("T21", files::t21),
    ("T22", files::t22),
    ("T23", files::t23),
    ("T24", files::t24),
    ("T25", files::t25),
    ("T26", files::t26),
    ("T27", files::t27),
    ("T28", files::t28),
    ("T29", files::t29),
    ("T30", files::t30),
    ("T31", files::t31),
    ("T32", files::t32),
    ("T33", files::t33),
    ("T34", files::t34),
    ("T35", files::t35),
    ("T36", ends::t36),
    ("T37", ends::t37),
    ("T38", ends::t38),
    ("T39", ends::t39),
    ("T40", ends::t40),
    ("T41", ends::t41),
    ("T42", ends::t42),
    ("T43", ends::t43),
    ("T44", ends::t44),
    ("T45", ends::t45),
    ("T46", ends::t46),
    ("T47", ends::t47),
    ("T48", ends::t48),
    ("T49", ends::t49),
    ("T50", ends::t50),
    ("T51", ends::t51),
    ("T52", ends::t52),
    ("T53", ends::t53),
    ("T54", ends::t54),
    ("T55", ends::t55),
    ("T56", ends::t56),
    ("T57", under_fire::t57),
    ("T58", under_fire::t58),
    ("T59", under_fire::t59),
    ("T60", under_fire::t60),
    ("T60a", under_fire::t60a),
];

/// The page sizes that rows about streams are repeated with: all of them once.
fn page_sizes(form: Form) -> &'static [usize] {
    match form {
        Form::A => &[4096, 8192, 16384, 32768],
        Form::W => &[4096],
    }
}
