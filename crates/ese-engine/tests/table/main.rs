//! Cursors of sessions over whole databases: random rows against a model, and databases of others changed by us.

mod attached;
mod windows;
