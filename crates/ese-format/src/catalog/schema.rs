//! Well-known system tables: names, and the schemas a writer creates them with (spec 03 §12–§14).
