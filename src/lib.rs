//! The C face of libesent: the JET API over `ese-engine`.
