//! For whom a new file is, and what in it is encrypted: flags, variables, and `.sops.yaml`.

use std::path::Path;

use hagane::sops::{Contents, Recipe, Selector, first_left_plain};
use hagane::{Diagnostic, SourceMap, normalized};

use super::arguments::{Recipients, Selection};
use super::failure::{CONFLICT, Failure, GENERIC};
use super::keys::{Lists, of_lists};
use super::session::Configuration;

/// Returns the recipe of a file of this name.
pub(super) fn recipe(
    name: &Path,
    recipients: &Recipients,
    selection: &Selection,
    configuration: Option<&Configuration>,
) -> Result<Recipe, Failure> {
    let mut recipe = rule(name, configuration)?.unwrap_or_default();
    let named = of_lists(&Lists::of(recipients, true))?;
    if !named.is_empty() {
        recipe.key_groups = vec![named];
        recipe.shamir_threshold = None;
    }
    if recipe.key_groups.is_empty() {
        let error = Failure::new(GENERIC, "nothing says for whom the file is to be encrypted");
        return Err(error.hinted("`creation_rules` of `.sops.yaml` say it, or flags like `--age`"));
    }
    if recipients.shamir_secret_sharing_threshold > 0 {
        recipe.shamir_threshold = Some(recipients.shamir_secret_sharing_threshold);
    }
    if let Some(selector) = selector(selection)? {
        recipe.selector = Some(selector);
    }
    recipe.mac_only_encrypted |= selection.mac_only_encrypted;
    Ok(recipe)
}

/// Returns what the rule for a file says, where there are rules.
pub(super) fn rule(name: &Path, configuration: Option<&Configuration>) -> Result<Option<Recipe>, Failure> {
    let Some(found) = configuration.filter(|found| found.config.has_rules()) else { return Ok(None) };
    let name = normalized(name);
    let relative = name.strip_prefix(normalized(&found.directory)).unwrap_or(&name);
    match found.config.rule(&relative.to_string_lossy()) {
        Some(rule) => Ok(Some(rule.recipe().clone())),
        None => {
            let message = format!("no creation rule is for `{}`", relative.display());
            Err(Failure::new(GENERIC, message)
                .hinted("the first rule whose `path_regex` matches counts, or one without"))
        }
    }
}

/// Refuses to write a value in the clear that was encrypted.
pub(super) fn refuse_left_plain(
    contents: &Contents,
    selector: &Selector,
    name: &str,
    hint: impl Into<String>,
) -> Result<(), Failure> {
    let Some((path, span)) = first_left_plain(contents, selector) else { return Ok(()) };
    let (field, text) = selector.field();
    let message =
        format!("`{path}` would be written in the clear: the rule for the file says `{field}: {text}`");
    let mut error = Diagnostic::error(span, message).hinted(hint);
    error.quotable = false;
    // No line of it is shown, so none is kept.
    let mut map = SourceMap::new();
    map.add(name, "".into());
    Err(Failure::of(GENERIC, error).within(map))
}

fn selector(selection: &Selection) -> Result<Option<Selector>, Failure> {
    let given = [
        ("unencrypted_suffix", &selection.unencrypted_suffix),
        ("encrypted_suffix", &selection.encrypted_suffix),
        ("unencrypted_regex", &selection.unencrypted_regex),
        ("encrypted_regex", &selection.encrypted_regex),
        ("unencrypted_comment_regex", &selection.unencrypted_comment_regex),
        ("encrypted_comment_regex", &selection.encrypted_comment_regex),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_deref().filter(|t| !t.is_empty())?)));
    let selector = given.next().and_then(|(field, text)| Selector::of_field(field, text));
    match given.next() {
        Some(_) => Err(Failure::new(CONFLICT, "one selector at most says what is encrypted")),
        None => Ok(selector),
    }
}
