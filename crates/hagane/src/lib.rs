//! The pipeline: load, decrypt, compose, label, harden, check, emit.
