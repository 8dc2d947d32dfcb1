//! `sops encrypt`.

use hagane::sops::{Contents, Format, Recipe, Selector, encrypt_file, first_to_encrypt};
use hagane::{Diagnostic, SourceMap, Span};
use hagane_host::{Access, now};

use super::arguments::Encrypt;
use super::failure::{EMPTY, Failure};
use super::file::Input;
use super::keys::context;
use super::recipe::recipe;
use super::session::{configuration, keyring, layout, sealing};
use crate::Surroundings;
use crate::message::{self, MessageFormat};

pub(super) fn run(arguments: &Encrypt, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let input = Input::read(arguments.file.as_deref(), &arguments.types, surroundings)?;
    let context = context(arguments.recipients.encryption_context.as_deref())?;
    let configuration = configuration(&arguments.common, &context, surroundings)?;
    let contents = input.plain(surroundings)?;
    if contents.is_empty() {
        return Err(Failure::new(EMPTY, "the file is empty: there is nothing to encrypt"));
    }
    let recipe = recipe(&input.name, &arguments.recipients, &arguments.selection, configuration.as_ref())?;
    warn_of_nothing(&contents, &recipe, surroundings);
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, configuration.as_ref()));
    // Always under a new data key, even over a file that is there: whoever made that file may know its key.
    let text = encrypt_file(&contents, &recipe, input.output, &sealing)?;
    input.write(&text, &arguments.destination, Access::Usual, surroundings)?;
    Ok(0)
}

/// Says that a selector takes no value of a file: SOPS writes it all the same, with metadata and all, and so do we.
fn warn_of_nothing(contents: &Contents, recipe: &Recipe, surroundings: &mut Surroundings) {
    let selector = match contents.format() {
        Format::Binary => return,
        _ => recipe.selector.clone().unwrap_or_default(),
    };
    let has_values = Selector::of_field("encrypted_regex", "")
        .is_some_and(|all| first_to_encrypt(contents, &all).is_some());
    if has_values && !selector.is_broken() && first_to_encrypt(contents, &selector).is_none() {
        let (field, text) = selector.field();
        let message = format!("nothing is encrypted: `{field}: {text}` takes no value of the file");
        let warning = Diagnostic::warning(Span::default(), message)
            .hinted("a rule of `.sops.yaml` with a `path_regex` can have another selector for such files");
        message::tell(&[warning], &SourceMap::new(), MessageFormat::Human, surroundings);
    }
}
