//! One file: whether it is encrypted, for whom, and what is wrong with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use hagane::sops::{
    CONFIG_FILE, Config, Contents, DecryptError, Format, Metadata, Recipe, detect, first_to_encrypt, inspect,
    kubesec,
};
use hagane::{Diagnostic, FileId, Files, MasterKey, SourceMap, Span, normalized};

use super::plain;
use super::tree::{Found, Unread};
use crate::Surroundings;

/// What is known of a file.
pub(super) struct Checked {
    pub(super) path: PathBuf,
    /// Who can open it, where it is encrypted.
    pub(super) encrypted: Option<(Format, Metadata)>,
    pub(super) findings: Vec<Diagnostic>,
}

/// The `.sops.yaml` files of a tree, each read once.
pub(super) struct Configurations<'s> {
    files: &'s dyn Files,
    directory: &'s Path,
    read: RefCell<BTreeMap<PathBuf, Option<Rc<Config>>>>,
}

impl<'s> Configurations<'s> {
    pub(super) fn new(surroundings: &'s Surroundings) -> Configurations<'s> {
        let (files, directory) = (surroundings.files, surroundings.directory.as_path());
        Configurations { files, directory, read: RefCell::default() }
    }

    /// Returns what the nearest `.sops.yaml` says of a file: the rule for it, and whether that is for some files only.
    fn rule(&self, path: &Path) -> Option<(Recipe, bool)> {
        let absolute = normalized(&self.directory.join(path));
        for directory in absolute.ancestors().skip(1) {
            if let Some(config) = self.config(directory) {
                let relative = absolute.strip_prefix(directory).unwrap_or(&absolute);
                let rule = config.rule(&relative.to_string_lossy())?;
                return Some((rule.recipe().clone(), rule.has_pattern()));
            }
        }
        None
    }

    fn config(&self, directory: &Path) -> Option<Rc<Config>> {
        if let Some(known) = self.read.borrow().get(directory) {
            return known.clone();
        }
        let content = self.files.read(&directory.join(CONFIG_FILE)).ok();
        // One that cannot be read is a finding of its own, where it lies.
        let text = content.as_deref().and_then(|content| std::str::from_utf8(content).ok());
        let config = text.and_then(|text| Config::read(text, FileId::default(), &[]).ok()).map(Rc::new);
        self.read.borrow_mut().insert(directory.to_owned(), config.clone());
        config
    }
}

/// Checks a file. Nothing is said of one in which there is nothing to say.
pub(super) fn check(found: &Found, configurations: &Configurations, map: &mut SourceMap) -> Option<Checked> {
    let by_name = Format::of_path(&found.path.to_string_lossy());
    let mut checked = Checked { path: found.path.clone(), encrypted: None, findings: Vec::new() };
    let mut file = None;
    let mut known = |map: &mut SourceMap| {
        *file.get_or_insert_with(|| {
            // No line is shown, so none is kept.
            map.add(found.path.display().to_string(), "".into())
        })
    };
    let is_config = found.path.file_name().is_some_and(|name| name == CONFIG_FILE);
    if is_config {
        let file = known(map);
        if let Err(error) = Config::read(&String::from_utf8_lossy(&found.content), file, &[]) {
            checked.findings.push(Diagnostic::error(error.span, error.message));
        }
    } else if let Some(format) = detect(&found.content, by_name) {
        let file = known(map);
        check_encrypted(found, format, file, configurations, &mut checked);
    } else if kubesec::is_kubesec(&found.content) {
        let file = known(map);
        checked.findings.push(of_kubesec(found, file));
    } else if matches!(by_name, Format::Yaml | Format::Json | Format::Dotenv | Format::Ini) {
        let contents = match Contents::read(&found.content, by_name, FileId::default()) {
            Ok(contents) => contents,
            Err(error) => return unparsable(found, &error, map),
        };
        if let Some((recipe, true)) = configurations.rule(&found.path)
            && !is_kustomization(&found.path)
            && let Some((path, _)) = first_to_encrypt(&contents, &recipe.selector.unwrap_or_default())
        {
            let file = known(map);
            let message =
                format!("the file is not encrypted, and a rule of `.sops.yaml` is for it: `{path}` is plain");
            checked.findings.push(Diagnostic::error(Span { file, line: 1, column: 1 }, message).hinted(
                "`hagane sops encrypt --in-place` encrypts it; if it was ever pushed, change what is in it",
            ));
        }
        // Of a file that is to be encrypted as a whole that is enough.
        if checked.findings.is_empty() {
            plain::look(&contents, by_name, &mut checked.findings);
        }
        if !checked.findings.is_empty() {
            let file = known(map);
            checked.findings.iter_mut().for_each(|finding| finding.span.file = file);
        }
    }
    // The line may be the secret.
    checked.findings.iter_mut().for_each(|finding| finding.quotable = false);
    (checked.encrypted.is_some() || !checked.findings.is_empty()).then_some(checked)
}

/// Returns what is to be said of a file that is not of its format: where it speaks of secrets, nobody has looked for them.
fn unparsable(found: &Found, error: &DecryptError, map: &mut SourceMap) -> Option<Checked> {
    memchr::memmem::find(&found.content, b"Secret")?;
    let file = map.add(found.path.display().to_string(), "".into());
    let span = error.span().map_or(Span { file, line: 1, column: 1 }, |span| Span { file, ..span });
    let message = "the file cannot be read, and so nobody looked for secrets in it";
    let mut warning = Diagnostic::warning(span, message);
    warning.quotable = false;
    Some(Checked { path: found.path.clone(), encrypted: None, findings: vec![warning] })
}

/// Returns what is to be said of a file whose content nobody has seen.
pub(super) fn unread(file: &Unread, map: &mut SourceMap) -> Option<Checked> {
    let by_name = Format::of_path(&file.path.to_string_lossy());
    // What is large and of no format that we read is an image, an archive, a program.
    if by_name == Format::Binary && file.is_large {
        return None;
    }
    let id = map.add(file.path.display().to_string(), "".into());
    let message = format!("the file was not looked at: {}", file.why);
    let warning = Diagnostic::warning(Span { file: id, line: 1, column: 1 }, message);
    Some(Checked { path: file.path.clone(), encrypted: None, findings: vec![warning] })
}

/// Returns what is to be said of a kubesec file.
fn of_kubesec(found: &Found, file: FileId) -> Diagnostic {
    let has_mac =
        kubesec::placeholders(&found.content, file).and_then(|_| kubesec::has_mac(&found.content, file));
    match has_mac {
        Err(error) => hagane::decrypt_diagnostic(&error, file),
        Ok(false) => {
            let message = "the file is encrypted by kubesec, and has no MAC: it is not decrypted in a render";
            Diagnostic::error(Span { file, line: 1, column: 1 }, message)
                .hinted("look at its history; `hagane migrate kubesec --without-mac` makes a SOPS file of it")
        }
        Ok(true) => {
            let message = "the file is encrypted by kubesec, which is no longer kept up";
            Diagnostic::warning(Span { file, line: 1, column: 1 }, message)
                .hinted("`hagane migrate kubesec` makes a SOPS file of it")
        }
    }
}

fn is_kustomization(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| hagane::FILE_NAMES.contains(&name))
}

fn check_encrypted(
    found: &Found,
    format: Format,
    file: FileId,
    configurations: &Configurations,
    checked: &mut Checked,
) {
    let inspection = match inspect(&found.content, format, file) {
        Ok(inspection) => inspection,
        Err(error) => return checked.findings.push(hagane::decrypt_diagnostic(&error, file)),
    };
    let metadata = inspection.metadata;
    let at = metadata.span();
    for (path, span) in inspection.plain {
        checked.findings.push(
            Diagnostic::error(span, format!("`{path}` should be encrypted, and is not"))
                .hinted("take it out, and add it with `sops edit`; if it was ever pushed, change it"),
        );
    }
    if !inspection.has_mac {
        checked.findings.push(
            Diagnostic::error(at, "the file has no MAC")
                .hinted("restore it; the MAC shows that nobody has altered the file"),
        );
    }
    if let Some((recipe, _)) = configurations.rule(&found.path) {
        checked.findings.extend(compare(&metadata, &recipe, at));
    }
    checked.encrypted = Some((format, metadata));
}

/// Returns how a file is not as its rule says.
fn compare(metadata: &Metadata, recipe: &Recipe, at: Span) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let there: Vec<&MasterKey> = metadata.key_groups().iter().flatten().map(|wrapped| &wrapped.key).collect();
    let wanted: Vec<&MasterKey> = recipe.key_groups.iter().flatten().collect();
    let has =
        |keys: &[&MasterKey], key: &MasterKey| keys.iter().any(|known| known.full_name() == key.full_name());
    let mend = "`hagane sops updatekeys` makes the file readable for whom `.sops.yaml` says";
    for key in there.iter().filter(|key| !has(&wanted, key)) {
        let message = format!("{key} can open the file, and `.sops.yaml` does not name it");
        findings.push(Diagnostic::error(at, message).hinted(mend));
    }
    for key in wanted.iter().filter(|key| !has(&there, key)) {
        let message = format!("{key} cannot open the file, and `.sops.yaml` names it");
        findings.push(Diagnostic::error(at, message).hinted(mend));
    }
    if findings.is_empty() && metadata.key_groups().len() != recipe.key_groups.len() {
        let (there, wanted) = (metadata.key_groups().len(), recipe.key_groups.len());
        let message = format!("the file has {there} key groups, and `.sops.yaml` says {wanted}");
        findings.push(Diagnostic::error(at, message).hinted(mend));
    }
    let (field, text) = metadata.selector().field();
    if let Some((wanted, pattern)) = recipe.selector.as_ref().map(|selector| selector.field())
        && (wanted, pattern) != (field, text)
    {
        let message =
            format!("`{field}: {text}` says what is encrypted, and `.sops.yaml` says `{wanted}: {pattern}`");
        findings.push(Diagnostic::error(at, message).hinted("decrypt the file, and encrypt it again"));
    }
    findings
}
