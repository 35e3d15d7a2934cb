//! Normalised keys (spec 04 §6–§8).
