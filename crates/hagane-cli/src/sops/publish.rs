//! `sops publish`: plain values to the secrets of a Vault, and encrypted files to buckets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hagane::sops::{Destination, Format, Layout, Recipe, Target, encrypt_file};
use hagane::{Diagnostic, SecretBytes, normalized};
use hagane_host::{LocalKeys, Storage, now};

use super::arguments::Publish;
use super::failure::{Failure, GENERIC, UNFIT};
use super::file::{Input, types};
use super::recipe::refuse_left_plain;
use super::session::{Configuration, configuration, keyring, sealing, shown};
use crate::message::{self, MessageFormat, one_line};
use crate::secrets::tree::Tree;
use crate::{Surroundings, output};

pub(super) fn run(arguments: &Publish, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let configuration = configuration(&arguments.common, &[], surroundings)?.ok_or_else(|| {
        Failure::new(GENERIC, "there is no `.sops.yaml` that says where files are published")
    })?;
    if let Err(error) = configuration.config.destination("") {
        let failure = Failure::of(GENERIC, Diagnostic::error(error.span, error.message));
        return Err(failure.within(configuration.source_map));
    }
    if !arguments.recursive {
        publish(&arguments.file, None, arguments, &configuration, surroundings)?;
        return Ok(0);
    }
    let tree = Tree::below(std::slice::from_ref(&arguments.file), surroundings)
        .map_err(|problem| Failure::new(GENERIC, problem))?;
    let mut code = 0;
    let root = Some(arguments.file.as_path());
    refuse_one_place(&tree.paths, root, arguments, &configuration, surroundings)?;
    for path in &tree.paths {
        if let Err(failure) = publish(path, root, arguments, &configuration, surroundings) {
            message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
            code = 1;
        }
    }
    Ok(code)
}

/// Refuses files that would be written over one another.
fn refuse_one_place(
    paths: &[PathBuf],
    root: Option<&Path>,
    arguments: &Publish,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for path in paths {
        let absolute = normalized(&surroundings.directory.join(path));
        let Some(rule) = rule(&absolute, configuration) else { continue };
        let name = name(path, root, arguments.omit_extensions || rule.omit_extensions, surroundings);
        let (place, file) = (place(&rule.target, &name), shown(&absolute, surroundings));
        if let Some(other) = places.insert(place.clone(), file.clone()) {
            let message = format!(
                "`{}` and `{}` would both be {}",
                one_line(&other),
                one_line(&file),
                one_line(&place)
            );
            return Err(
                Failure::new(GENERIC, message).hinted("without `omit_extensions` they have two names")
            );
        }
    }
    Ok(())
}

/// Returns the rule that says where a file goes.
fn rule<'c>(absolute: &Path, configuration: &'c Configuration) -> Option<&'c Destination> {
    let relative = absolute.strip_prefix(normalized(&configuration.directory)).unwrap_or(absolute);
    configuration.config.destination(&relative.to_string_lossy()).ok().flatten()
}

fn publish(
    path: &Path,
    root: Option<&Path>,
    arguments: &Publish,
    configuration: &Configuration,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let absolute = normalized(&surroundings.directory.join(path));
    let file = shown(&absolute, surroundings);
    let rule = rule(&absolute, configuration)
        .ok_or_else(|| Failure::new(GENERIC, format!("no destination rule is for `{file}`")))?;
    let name = name(path, root, arguments.omit_extensions || rule.omit_extensions, surroundings);
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let place = one_line(&place(&rule.target, &name));
    let object = match &rule.target {
        Target::Vault(_) => values(path, &keys, surroundings)?,
        Target::S3(_) | Target::Gcs(_) => encrypted(path, rule.recreation.as_ref(), &keys, surroundings)?,
    };
    if !arguments.yes {
        output::print(format!("uploading {} to {place}? (y/n): ", one_line(&file)).as_bytes(), surroundings)?;
        let mut answer = String::new();
        let read = std::io::BufRead::read_line(&mut std::io::stdin().lock(), &mut answer);
        if read.is_err() || !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Err(Failure::new(GENERIC, format!("`{file}` is not published")));
        }
    }
    let uploaded = match &rule.target {
        Target::Vault(secrets) => keys.publish_to_vault(secrets, &name, &object),
        Target::S3(bucket) => {
            keys.publish_to_bucket(Storage::Amazon, bucket, &name, object.expose()).map(|()| true)
        }
        Target::Gcs(bucket) => {
            keys.publish_to_bucket(Storage::Google, bucket, &name, object.expose()).map(|()| true)
        }
    };
    let changed = uploaded.map_err(|reason| {
        let service = match &rule.target {
            Target::Vault(_) => "the Vault",
            Target::S3(_) => "Amazon S3",
            Target::Gcs(_) => "Google Cloud Storage",
        };
        Failure::new(GENERIC, format!("cannot publish `{file}` to {place}"))
            .noted(format!("{service} {reason}"))
    })?;
    let said = if changed { "published to" } else { "up to date in" };
    output::print(format!("{}: {said} {place}\n", one_line(&file)).as_bytes(), surroundings)?;
    Ok(())
}

/// Returns the plain values of a file as an object of JSON.
fn values(path: &Path, keys: &LocalKeys, surroundings: &mut Surroundings) -> Result<SecretBytes, Failure> {
    let contents = Input::read(Some(path), &types(None), surroundings)?.decrypt(keys, false, surroundings)?;
    let object = contents.to_bytes_as(Format::Json, Layout::default());
    object.map_err(|unfit| Failure::new(UNFIT, unfit.to_string()))
}

/// Returns an encrypted file as it lies, or encrypted anew for whom the rule says.
fn encrypted(
    path: &Path,
    recreation: Option<&Recipe>,
    keys: &LocalKeys,
    surroundings: &mut Surroundings,
) -> Result<SecretBytes, Failure> {
    let mut input = Input::read(Some(path), &types(None), surroundings)?;
    let Some(recipe) = recreation else {
        // What nobody encrypted is not published by mistake.
        input.inspected(surroundings)?;
        return Ok(SecretBytes::new(input.text.to_vec()));
    };
    let format = input.format;
    let contents = input.decrypt(keys, false, surroundings)?;
    if format != Format::Binary {
        let selector = recipe.selector.clone().unwrap_or_default();
        let hint = "the selector of a `recreation_rule` takes what that of the creation rule does";
        refuse_left_plain(
            &contents,
            &selector,
            &shown(&surroundings.directory.join(path), surroundings),
            hint,
        )?;
    }
    let time = now();
    let text = encrypt_file(&contents, recipe, format, &sealing(keys, &time, Layout::default()))?;
    Ok(SecretBytes::new(text))
}

/// Returns the name of the secret or the object: the file's, below `root` with the directories between.
fn name(path: &Path, root: Option<&Path>, omit_extension: bool, surroundings: &Surroundings) -> String {
    let absolute = |path: &Path| normalized(&surroundings.directory.join(path));
    let path = absolute(path);
    let within = root.and_then(|root| path.strip_prefix(absolute(root)).ok());
    let within = within.filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned);
    let mut name = within.unwrap_or_else(|| path.file_name().map(PathBuf::from).unwrap_or_default());
    if omit_extension {
        name.set_extension("");
    }
    name.to_string_lossy().into_owned()
}

fn place(target: &Target, name: &str) -> String {
    match target {
        Target::Vault(secrets) => {
            let address =
                if secrets.address.is_empty() { "the Vault of VAULT_ADDR" } else { &secrets.address };
            format!("{address}, {}/{}/{name}", secrets.mount, secrets.path)
        }
        Target::S3(bucket) => format!("s3://{}/{}{name}", bucket.name, bucket.prefix),
        Target::Gcs(bucket) => format!("gcs://{}/{}{name}", bucket.name, bucket.prefix),
    }
}
