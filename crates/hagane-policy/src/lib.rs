//! Rules over finished resources: label, harden, check.
