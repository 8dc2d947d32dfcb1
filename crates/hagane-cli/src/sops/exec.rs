//! `sops exec-env` and `sops exec-file`: a command gets the secrets because the user says so.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

use hagane::sops::Contents;
use hagane_host::{Foreground, MemoryFile, Pipe, foreground};

use super::arguments::{ExecEnv, ExecFile, Services, Types};
use super::failure::{Failure, GENERIC, UNFIT};
use super::file::{Input, types};
use super::session::{configuration, keyring, layout};
use crate::Surroundings;

pub(super) fn env(arguments: &ExecEnv, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let types = types(arguments.input_type.as_ref());
    let (_, contents) = open(&arguments.file, &types, &arguments.services, surroundings)?;
    let variables = contents.variables().map_err(|key| {
        Failure::new(GENERIC, format!("`{key}` is no single value, as an environment variable is"))
    })?;
    let mut named = Vec::with_capacity(variables.len());
    for (name, value) in variables {
        if name.is_empty() || name.contains(['=', '\0']) || value.expose().contains(&0) {
            return Err(Failure::new(GENERIC, format!("`{name}` cannot be an environment variable")));
        }
        named.push((name, OsString::from_vec(value.expose().to_vec())));
    }
    shell(&arguments.command, named, !arguments.pristine, surroundings)
}

pub(super) fn file(arguments: &ExecFile, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let (input, contents) = open(&arguments.file, &arguments.types, &arguments.services, surroundings)?;
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let layout = layout(&arguments.common, configuration.as_ref());
    let content = contents.to_bytes_as(input.output, layout);
    let content = content.map_err(|unfit| Failure::new(UNFIT, unfit.to_string()))?;
    if arguments.filename.contains('/') || matches!(arguments.filename.as_str(), "" | "." | "..") {
        return Err(Failure::new(GENERIC, "the name of the file is a name, not a path"));
    }
    let cannot = |error: std::io::Error| {
        let words = hagane_host::words(&error);
        Failure::new(GENERIC, format!("cannot hand the file over without a disk: {words}"))
    };
    let command = |path: &std::path::Path| arguments.command.replace("{}", &path.to_string_lossy());
    if arguments.no_fifo {
        let file = MemoryFile::new(&arguments.filename, content.expose()).map_err(cannot)?;
        return shell(OsStr::new(&command(file.path())), Vec::new(), true, surroundings);
    }
    let pipe = Pipe::new(&arguments.filename, content).map_err(cannot)?;
    shell(OsStr::new(&command(pipe.path())), Vec::new(), true, surroundings)
}

fn open(
    file: &std::path::Path,
    types: &Types,
    services: &Services,
    surroundings: &mut Surroundings,
) -> Result<(Input, Contents), Failure> {
    let mut input = Input::read(Some(file), types, surroundings)?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(services, files, &directory)?;
    let contents = input.decrypt(&keys, false, surroundings)?;
    Ok((input, contents))
}

/// Runs a command in a shell, and returns its exit code.
fn shell(
    command: &OsStr,
    variables: Vec<(String, OsString)>,
    inherits: bool,
    surroundings: &Surroundings,
) -> Result<u8, Failure> {
    let words = ["/bin/sh".into(), "-c".into(), command.to_owned()];
    let run = Foreground { words: &words, directory: &surroundings.directory, variables, inherits };
    foreground(run).map_err(|error| {
        Failure::new(GENERIC, format!("cannot start the shell: {}", hagane_host::words(&error)))
    })
}
