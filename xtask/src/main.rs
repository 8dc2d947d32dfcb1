//! Chores of the workspace.
//!
//! - `cargo run -p xtask -- tables DIR` writes the generated tables anew.
//! - `cargo run -p xtask -- image PROGRAM CERTIFICATES OUTPUT` writes the image of a static program, without a container engine.
//! - `cargo run -p xtask -- reproduce DIR` builds that program in two directories, and says whether they are the same bytes.
//!
//! `DIR` of the tables holds `kustomize-5.8.1-schema.json` and `kustomize-5.8.1-tables.json`: what kustomize has built in, as
//! facts. The tables are checked in, so that building hagane needs neither.

// A chore reads and writes the work tree; the invariants are those of the program.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout)]

mod field_specs;
mod image;
mod reproduce;
mod rust;
mod schema;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

const USAGE: &str =
    "usage: cargo run -p xtask -- tables DIR | image PROGRAM CERTIFICATES OUTPUT | reproduce DIR [PROFILE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tables", directory] => tables(Path::new(directory)).map(|()| String::new()),
        ["image", program, certificates, output] => {
            let image = image::write(Path::new(program), Path::new(certificates), Path::new(output));
            image.map(|digest| format!("{digest}\n"))
        }
        ["reproduce", directory] => reproduce::reproduce(Path::new(directory), "release"),
        ["reproduce", directory, profile] => reproduce::reproduce(Path::new(directory), profile),
        ["--help" | "-h"] => Ok(format!("{USAGE}\n")),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the tables of hagane-resource.
fn tables(directory: &Path) -> Result<(), String> {
    let schema = read(&directory.join("kustomize-5.8.1-schema.json"))?;
    let tables = read(&directory.join("kustomize-5.8.1-tables.json"))?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/hagane-resource/src");
    write(&sources.join("schema/builtin.rs"), &schema::generate(&schema, &tables)?)?;
    write(&sources.join("field_spec_table/rows.rs"), &field_specs::generate(&tables)?)
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
