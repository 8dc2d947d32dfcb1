//! Two builds of the static program, in two directories: are they the same, byte for byte?

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::image;

/// Builds the commit that is checked out twice, below a directory that is not there yet, and says what came of it. With the same
/// compilers and `Cargo.lock` neither the directory nor the time may show.
pub(crate) fn reproduce(directory: &Path, profile: &str) -> Result<String, String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    std::fs::create_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let directory = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
    // Of other lengths, too. Both are there before anything is built: somebody may commit meanwhile.
    let places = ["a", "another-directory/below"].map(|name| directory.join(name));
    let first = places[0].join("sources");
    for place in &places {
        std::fs::create_dir_all(place).map_err(|error| format!("{}: {error}", place.display()))?;
        let from = if *place == places[0] { &repository } else { &first };
        let mut clone = Command::new("git");
        clone.args(["clone", "--quiet", "--no-hardlinks"]).arg(from).arg(place.join("sources"));
        run(&mut clone)?;
    }
    let mut programs = Vec::new();
    for place in &places {
        let (sources, built) = (place.join("sources"), place.join("target"));
        let mut build = command(&sources, &built)?;
        build.args(["--profile", profile, "--target", &target]);
        run(&mut build)?;
        let folder = if profile == "dev" { "debug" } else { profile };
        programs.push(built.join(&target).join(folder).join("hagane"));
    }
    let mut said = String::new();
    let mut digests = Vec::new();
    for program in &programs {
        let digest = image::digest_of(program)?;
        said.push_str(&format!("{digest}  {}\n", program.display()));
        digests.push(digest);
    }
    match digests.windows(2).all(|pair| pair[0] == pair[1]) {
        true => Ok(format!("{said}the same bytes\n")),
        false => Err(format!("{said}the builds differ")),
    }
}

/// Returns the build of a static program, in whose bytes no path of this machine is.
fn command(sources: &Path, built: &Path) -> Result<Command, String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let places = [(sources, "."), (built, "target"), (&home, "cargo")];
    let renamed = |option: &str, separator: &str| {
        let options = places.iter().map(|(place, name)| format!("{option}{}={name}", place.display()));
        options.collect::<Vec<_>>().join(separator)
    };
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    build.current_dir(sources).args(["build", "--quiet", "--locked", "--package", "hagane-cli"]);
    build.env("CARGO_TARGET_DIR", built).env_remove("RUSTFLAGS");
    // A path may have a space in it.
    build.env("CARGO_ENCODED_RUSTFLAGS", renamed("--remap-path-prefix=", "\u{1f}"));
    // Parts are in C, and have the names of their files in messages.
    build.env("CFLAGS", renamed("-ffile-prefix-map=", " "));
    build.env("SOURCE_DATE_EPOCH", "0").env("CARGO_INCREMENTAL", "0");
    Ok(build)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}
