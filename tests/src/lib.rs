//! The golden suite: one file a case, read in the order things happen.
//!
//! A case is a sentence, the files it needs, a command, and what the command says:
//!
//! ```text
//! # A name prefix reaches the names that refer to the renamed.
//! -- kustomization.yaml --
//! namePrefix: blue-
//! resources: [app.yaml]
//! -- app.yaml --
//! …
//! $ hagane build .
//! -- stdout --
//! …
//! ```
//!
//! `tests/README.md` has the whole format. [`suite::check`] runs every case below a directory and lists those that
//! differ; with `HAGANE_UPDATE=1` it rewrites what the commands said. What a peer said is never rewritten from what
//! hagane said: that is the recorder's, `tests/peer/record`.
#![allow(clippy::disallowed_methods, reason = "a test runner makes files and starts the program under test")]

pub mod case;
pub mod entry;
pub mod memory;
pub mod peer;
pub mod remote;
pub mod rng;
pub mod run;
pub mod sandbox;
pub mod suite;
