//! `sops edit`.

use std::ffi::OsString;
use std::path::Path;

use hagane::sops::{Contents, Format, Layout, MacCheck, OpenedFile, Recipe, encrypt_file, open_file};
use hagane::{Keyring, SecretBytes};
use hagane_host::{Access, Foreground, MemoryFile, foreground, now};

use super::arguments::Edit;
use super::failure::{EDITOR, Failure, GENERIC, NO_FILE, UNCHANGED, UNFIT};
use super::file::{self, Input};
use super::keys::context;
use super::recipe::recipe;
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;
use crate::message::{self, MessageFormat};

/// What a new file starts from.
const EXAMPLE: &str = "example_key: example_value\n";

/// A file that is there, or a new one.
enum Edited {
    Opened(Box<OpenedFile>),
    New(Contents, Recipe),
}

pub(super) fn run(arguments: &Edit, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    if arguments.show_master_keys {
        let error = Failure::new(GENERIC, "the keys of a file are not edited as text");
        return Err(error.hinted("`updatekeys` and `rotate` change them"));
    }
    let context = context(arguments.recipients.encryption_context.as_deref())?;
    let configuration = configuration(&arguments.common, &context, surroundings)?;
    let layout = layout(&arguments.common, configuration.as_ref());
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let path = directory.join(&arguments.file);
    let (input, edited) = match Input::read(Some(&arguments.file), &arguments.types, surroundings) {
        Ok(input) => {
            let opened = input.open(&keys, arguments.ignore_mac, surroundings)?;
            (input, Edited::Opened(Box::new(opened)))
        }
        Err(failure) if failure.code == NO_FILE => {
            let recipe = recipe(&path, &arguments.recipients, &arguments.selection, configuration.as_ref())?;
            let input = Input::new_file(&path, &arguments.types, surroundings);
            (input, Edited::New(example()?, recipe))
        }
        Err(failure) => return Err(failure),
    };
    let Some(contents) = changed(&edited, &input, layout, surroundings)? else {
        return Err(Failure::new(UNCHANGED, "nothing was changed"));
    };
    let text = sealed(edited, &contents, &input, layout, &keys)?;
    refuse_meddling(&path, &input, surroundings)?;
    file::write(&path, &text, Access::Usual, surroundings)?;
    Ok(0)
}

/// Refuses to write over what somebody else wrote meanwhile, unless the user says so.
fn refuse_meddling(path: &Path, input: &Input, surroundings: &Surroundings) -> Result<(), Failure> {
    let there = match file::read(path, surroundings) {
        Ok(there) => there,
        Err(failure) if failure.code == NO_FILE => return Ok(()),
        Err(failure) => return Err(failure),
    };
    if *there == *input.text {
        return Ok(());
    }
    let answer = hagane_host::ask("The file was changed meanwhile. Write over it? (y/n): ");
    match answer.is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes")) {
        true => Ok(()),
        false => Err(Failure::new(
            GENERIC,
            "the file was changed while it was edited: what was edited is not written",
        )),
    }
}

fn example() -> Result<Contents, Failure> {
    let contents = Contents::read(EXAMPLE.as_bytes(), Format::Yaml, Default::default());
    contents.map_err(|error| Failure::new(GENERIC, error.to_string()))
}

/// Hands the plaintext to the editor until what comes back can be read. Returns nothing where it is what it was.
fn changed(
    edited: &Edited,
    input: &Input,
    layout: Layout,
    surroundings: &mut Surroundings,
) -> Result<Option<Contents>, Failure> {
    let before = match edited {
        Edited::Opened(opened) => opened.contents(),
        Edited::New(example, _) => example,
    };
    let plain = match (edited, input.output) {
        (Edited::New(..), Format::Binary) => SecretBytes::default(),
        // The example has no section.
        (Edited::New(..), Format::Ini) => {
            SecretBytes::new(b"[example]\nexample_key = example_value\n".to_vec())
        }
        _ => before
            .to_bytes_as(input.output, layout)
            .map_err(|unfit| Failure::new(UNFIT, unfit.to_string()))?,
    };
    let name = input.name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = MemoryFile::new(&name, plain.expose()).map_err(|error| {
        let words = hagane_host::words(&error);
        Failure::new(GENERIC, format!("cannot hand the file to an editor without a disk: {words}")).hinted(
            "`set` changes single values without a file; or set XDG_RUNTIME_DIR to a directory on a tmpfs",
        )
    })?;
    loop {
        edit(&file, surroundings)?;
        let cannot_read = |error: std::io::Error| {
            Failure::new(EDITOR, format!("the edited file cannot be read: {}", hagane_host::words(&error)))
        };
        let now = file.read().map_err(cannot_read)?;
        if now.expose() == plain.expose() {
            return Ok(None);
        }
        match input.with_text(now.expose()).plain(surroundings) {
            Ok(contents) if contents.is_empty() => {
                let message = "the edited file is empty";
                told_again(Failure::new(GENERIC, message), surroundings)?;
            }
            Ok(contents) => return Ok(Some(contents)),
            Err(failure) => told_again(failure, surroundings)?,
        }
    }
}

/// Says what is wrong with an edited file and asks whether to go on. Where nobody can be asked, it is the end.
fn told_again(failure: Failure, surroundings: &mut Surroundings) -> Result<(), Failure> {
    message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
    match hagane_host::ask("Press return to edit it again, or interrupt to leave the file as it was. ") {
        Some(_) => Ok(()),
        None => Err(Failure::new(failure.code, "the file is left as it was")),
    }
}

fn edit(file: &MemoryFile, surroundings: &Surroundings) -> Result<(), Failure> {
    let mut words = editor()?;
    words.push(file.path().into());
    let run = Foreground {
        words: &words,
        directory: &surroundings.directory,
        variables: Vec::new(),
        inherits: true,
    };
    let name = words[0].to_string_lossy();
    match foreground(run) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::new(EDITOR, format!("the editor `{name}` failed with exit code {code}"))),
        Err(error) => {
            let message = format!("cannot start the editor `{name}`: {}", hagane_host::words(&error));
            Err(Failure::new(EDITOR, message).hinted("SOPS_EDITOR or EDITOR names one"))
        }
    }
}

/// Returns the program and the arguments of the editor.
fn editor() -> Result<Vec<OsString>, Failure> {
    let named = ["SOPS_EDITOR", "EDITOR"].iter().filter_map(|name| hagane_host::environment(name));
    if let Some(line) = named.filter(|line| !line.is_empty()).find_map(|line| line.into_string().ok()) {
        let words = hagane_host::shell_words(&line).filter(|words| !words.is_empty());
        let words = words
            .ok_or_else(|| Failure::new(EDITOR, "the editor is named with a quote that does not end"))?;
        return Ok(words.into_iter().map(OsString::from).collect());
    }
    let usual = ["vim", "nano", "vi"].iter().find(|name| hagane_host::is_program(name));
    let usual = usual.ok_or_else(|| {
        Failure::new(EDITOR, "there is no editor").hinted("SOPS_EDITOR or EDITOR names one")
    })?;
    Ok(vec![usual.into()])
}

fn sealed(
    edited: Edited,
    contents: &Contents,
    input: &Input,
    layout: Layout,
    keys: &dyn Keyring,
) -> Result<Vec<u8>, Failure> {
    let time = now();
    let sealing = sealing(keys, &time, layout);
    let text = match edited {
        Edited::Opened(opened) => opened.reseal(contents, input.output, &sealing)?,
        Edited::New(_, recipe) => encrypt_file(contents, &recipe, input.output, &sealing)?,
    };
    // A file that could not be opened again would be lost.
    let read = open_file(&text, input.output, Default::default(), keys, MacCheck::Required);
    match read {
        Err(hagane::sops::DecryptError::NoKey(_)) | Ok(_) => Ok(text),
        Err(error) => {
            Err(Failure::new(GENERIC, format!("the file cannot be written so that it can be read: {error}")))
        }
    }
}
