//! The hagane program.

fn main() {}
