//! `hagane sops merge` and `hagane sops textconv`: encrypted files under git.

use hagane::Diagnostic;
use hagane::sops::{Format, MergeError, merge, redacted};
use hagane_host::{Access, now};

use super::arguments::{Merge, TextConv};
use super::failure::{Failure, GENERIC};
use super::file::{self, Input, types};
use super::session::{configuration, keyring, layout, sealing};
use crate::{Surroundings, output};

pub(super) fn run(arguments: &Merge, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    // git gives its own names to the versions.
    let named = arguments.path.as_ref().unwrap_or(&arguments.ours);
    let format = arguments
        .input_type
        .clone()
        .unwrap_or_else(|| Format::of_path(&named.to_string_lossy()).name().into());
    let types = types(Some(&format));
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let mut open = |path: &std::path::Path| {
        let input = Input::read(Some(path), &types, surroundings)?;
        input.open(&keys, false, surroundings)
    };
    let (base, ours, theirs) = (open(&arguments.base)?, open(&arguments.ours)?, open(&arguments.theirs)?);
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, configuration.as_ref()));
    let format = ours.contents().format();
    let text = merge(&base, ours, theirs, format, &sealing).map_err(|error| conflict(&error, named))?;
    file::write(&directory.join(&arguments.ours), &text, Access::Usual, surroundings)?;
    Ok(0)
}

fn conflict(error: &MergeError, path: &std::path::Path) -> Failure {
    let message = format!("`{}` cannot be merged: {error}", path.display());
    let hint = match error {
        MergeError::Conflicts(_) => {
            "the file is our side's; `hagane sops edit` or `set` put in what theirs says"
        }
        MergeError::Keys => "take one side, and make it right with `hagane sops updatekeys`",
        MergeError::Encrypt(_) => "the file is our side's",
    };
    Failure::of(GENERIC, Diagnostic::error(Default::default(), message).hinted(hint))
}

pub(super) fn text_conv(arguments: &TextConv, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let text = file::read(&surroundings.directory.join(&arguments.file), surroundings)?;
    let by_name = Format::of_path(&arguments.file.to_string_lossy());
    // What is not encrypted is shown as it is: git asks for every version, those before the file was encrypted, too.
    let format = hagane::sops::detect(&text, by_name);
    let shown = format.and_then(|format| redacted(&text, format).ok());
    output::print(shown.as_deref().unwrap_or(&text), surroundings)?;
    Ok(0)
}
