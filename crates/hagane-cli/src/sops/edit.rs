//! `sops edit`.

use std::ffi::OsString;
use std::path::Path;

use hagane::sops::{
    Contents, DecryptError, Format, Layout, MacCheck, OpenedFile, Recipe, Unfit, encrypt_file, open_file,
};
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

/// A file that is there, or a new one, which is encrypted by a recipe.
enum Edited {
    Opened(Box<OpenedFile>),
    New(Recipe),
}

/// What every turn of an edit needs.
struct Session<'a> {
    arguments: &'a Edit,
    path: &'a Path,
    input: Input,
    layout: Layout,
    keys: &'a dyn Keyring,
}

pub(super) fn run(arguments: &Edit, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let context = context(arguments.recipients.encryption_context.as_deref())?;
    let configuration = configuration(&arguments.common, &context, surroundings)?;
    let layout = layout(&arguments.common, configuration.as_ref());
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let path = directory.join(&arguments.file);
    let (input, new) = match Input::read(Some(&arguments.file), &arguments.types, surroundings) {
        Ok(input) => (input, None),
        Err(failure) if failure.code == NO_FILE => {
            if arguments.show_master_keys {
                let error = Failure::new(NO_FILE, "a file that is not there has no keys to show");
                return Err(
                    error.hinted("`creation_rules` of `.sops.yaml` or flags say for whom it is to be")
                );
            }
            let recipe = recipe(&path, &arguments.recipients, &arguments.selection, configuration.as_ref())?;
            (Input::new_file(&path, &arguments.types, surroundings), Some(recipe))
        }
        Err(failure) => return Err(failure),
    };
    let session = Session { arguments, path: &path, input, layout, keys: &keys };
    let edited = session.begun(new.as_ref(), surroundings)?;
    let plain = session.plain(&edited)?;
    let file = session.handed_over(&plain)?;
    let mut edited = Some(edited);
    loop {
        edit(&file, surroundings)?;
        let now = file.read().map_err(|error| {
            let words = hagane_host::words(&error);
            Failure::new(EDITOR, format!("the edited file cannot be read: {words}"))
        })?;
        if now.expose() == plain.expose() {
            return Err(Failure::new(UNCHANGED, "nothing was changed"));
        }
        // Whatever goes wrong from here on, what was edited is there until somebody gives it up.
        match session.written(&now, &mut edited, new.as_ref(), surroundings) {
            Ok(()) => return Ok(0),
            Err(failure) => ask_again(failure, surroundings)?,
        }
    }
}

impl Session<'_> {
    /// Opens the file, or begins a new one.
    fn begun(&self, new: Option<&Recipe>, surroundings: &mut Surroundings) -> Result<Edited, Failure> {
        match new {
            Some(recipe) => Ok(Edited::New(recipe.clone())),
            None => {
                let opened = self.input.open(self.keys, self.arguments.ignore_mac, surroundings)?;
                Ok(Edited::Opened(Box::new(opened)))
            }
        }
    }

    /// Returns what the editor gets to see first.
    fn plain(&self, edited: &Edited) -> Result<SecretBytes, Failure> {
        let output = self.input.output;
        let unfit = |unfit: Unfit| Failure::new(UNFIT, unfit.to_string());
        match (edited, output) {
            (Edited::Opened(opened), _) if self.arguments.show_master_keys => {
                opened.with_master_keys(output, self.layout).map_err(unfit)
            }
            (Edited::Opened(opened), _) => opened.contents().to_bytes_as(output, self.layout).map_err(unfit),
            (Edited::New(_), Format::Binary) => Ok(SecretBytes::default()),
            // The example has no section.
            (Edited::New(_), Format::Ini) => {
                Ok(SecretBytes::new(b"[example]\nexample_key = example_value\n".to_vec()))
            }
            (Edited::New(_), _) => {
                let example = Contents::read(EXAMPLE.as_bytes(), Format::Yaml, Default::default());
                let example = example.map_err(|error| Failure::new(GENERIC, error.to_string()))?;
                example.to_bytes_as(output, self.layout).map_err(unfit)
            }
        }
    }

    fn handed_over(&self, plain: &SecretBytes) -> Result<MemoryFile, Failure> {
        let name = self.input.name.file_name().map(|name| name.to_string_lossy().into_owned());
        MemoryFile::new(&name.unwrap_or_default(), plain.expose()).map_err(|error| {
            let words = hagane_host::words(&error);
            Failure::new(GENERIC, format!("cannot hand the file to an editor without a disk: {words}")).hinted(
                "`set` changes single values without a file; or set XDG_RUNTIME_DIR to a directory on a tmpfs",
            )
        })
    }

    /// Encrypts and writes what the editor left. Takes the opened file where it gets as far as that, and opens it again the next time.
    fn written(
        &self,
        now: &SecretBytes,
        edited: &mut Option<Edited>,
        new: Option<&Recipe>,
        surroundings: &mut Surroundings,
    ) -> Result<(), Failure> {
        let input = self.input.with_text(now.expose());
        let text = if self.arguments.show_master_keys {
            let edited = self.taken(edited, new, surroundings)?;
            let time = hagane_host::now();
            let sealing = sealing(self.keys, &time, self.layout);
            let text = input.sealed(surroundings, |text, file| match edited {
                Edited::Opened(opened) => opened.reseal_with_master_keys(text, input.format, file, &sealing),
                // A new file has no keys to show.
                Edited::New(_) => Err(DecryptError::NoMetadata.into()),
            })?;
            readable(text, input.format, self.keys)?
        } else {
            let contents = input.plain(surroundings)?;
            if contents.is_empty() {
                return Err(Failure::new(GENERIC, "the edited file is empty"));
            }
            let edited = self.taken(edited, new, surroundings)?;
            sealed(edited, &contents, &self.input, self.layout, self.keys)?
        };
        self.refuse_meddling(surroundings)?;
        file::write(self.path, &text, Access::Usual, surroundings)
    }

    /// Returns the opened file; it is opened again where it was taken before.
    fn taken(
        &self,
        edited: &mut Option<Edited>,
        new: Option<&Recipe>,
        surroundings: &mut Surroundings,
    ) -> Result<Edited, Failure> {
        edited.take().map_or_else(|| self.begun(new, surroundings), Ok)
    }

    /// Refuses to write over what somebody else wrote meanwhile, unless the user says so.
    fn refuse_meddling(&self, surroundings: &Surroundings) -> Result<(), Failure> {
        let there = match file::read(self.path, surroundings) {
            Ok(there) => there,
            Err(failure) if failure.code == NO_FILE => return Ok(()),
            Err(failure) => return Err(failure),
        };
        if *there == *self.input.text {
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
}

/// Says what went wrong after an edit, and asks whether to go on with it. Where nobody can be asked, it is the end.
fn ask_again(failure: Failure, surroundings: &mut Surroundings) -> Result<(), Failure> {
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
        Edited::New(recipe) => encrypt_file(contents, &recipe, input.output, &sealing)?,
    };
    readable(text, input.output, keys)
}

/// Returns a file that can be opened again, where there is a key for it: another would be lost.
fn readable(text: Vec<u8>, format: Format, keys: &dyn Keyring) -> Result<Vec<u8>, Failure> {
    match open_file(&text, format, Default::default(), keys, MacCheck::Required) {
        Err(DecryptError::NoKey(_)) | Ok(_) => Ok(text),
        Err(error) => {
            Err(Failure::new(GENERIC, format!("the file cannot be written so that it can be read: {error}")))
        }
    }
}
