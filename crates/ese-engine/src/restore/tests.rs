//! Tests of the walk over real logs.
