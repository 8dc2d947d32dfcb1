//! Where things come from: what the directories and the git repository say.
//!
//! Only what somebody asks for is noted, as annotations. The revision changes with every commit, and so would every resource.

use std::path::{Component, Path, PathBuf};

use hagane_kustomize::{Sources, without_credentials};
use hagane_yaml::Span;

use crate::{Diagnostic, FileKind};

/// Something to note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provenance {
    /// The URL of the repository: its remote `origin`.
    Repository,
    /// The directory that is rendered, in the repository.
    Path,
    /// The commit.
    Revision,
}

impl Provenance {
    /// All of them, with their names in `hagane.yaml`.
    pub(super) const ALL: &'static [(Provenance, &'static str)] = &[
        (Provenance::Repository, "repository"),
        (Provenance::Path, "path"),
        (Provenance::Revision, "revision"),
    ];
}

/// Returns what a directory is part of: the directory over its overlays, or itself. The top of a repository is called
/// otherwise on every machine, and is not taken.
pub(super) fn part_of(target: &Path, top: Option<&Path>) -> Option<String> {
    const LAYERS: [&str; 6] = ["base", "bases", "environments", "envs", "overlays", "variants"];
    let inner = target.strip_prefix(top?).ok()?;
    let names: Vec<&str> = inner.components().filter_map(|part| part.as_os_str().to_str()).collect();
    let layers = names.iter().position(|name| LAYERS.contains(name)).unwrap_or(names.len());
    names[..layers].last().map(|name| (*name).to_owned())
}

/// Returns the annotation that notes something.
pub(super) fn note(
    asked: Provenance,
    target: &Path,
    top: Option<&Path>,
    place: Span,
    sources: &Sources,
) -> Result<(String, String), Diagnostic> {
    let unknown = |what: &str, hint: &str| {
        Diagnostic::error(place, format!("the {what} is not known")).hinted(hint.to_owned())
    };
    let top = top.ok_or_else(|| unknown("git repository", "there is no `.git` in the directories above"))?;
    let git = GitDirectory::of(top, sources);
    let (key, value) = match asked {
        Provenance::Repository => {
            let url = git.read("config", sources).and_then(|config| origin(&config));
            let url = url.ok_or_else(|| unknown("repository", "`git remote add origin URL` names it"))?;
            ("hagane.dev/repository", without_credentials(&url))
        }
        Provenance::Path => {
            let inner = target.strip_prefix(top).unwrap_or(Path::new(""));
            let names = inner.components().filter_map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            });
            let path = names.collect::<Vec<_>>().join("/");
            ("hagane.dev/path", if path.is_empty() { ".".to_owned() } else { path })
        }
        Provenance::Revision => {
            let commit = git.commit(sources);
            ("hagane.dev/revision", commit.ok_or_else(|| unknown("revision", "commit something first"))?)
        }
    };
    Ok((key.to_owned(), value))
}

/// Where git keeps what it knows; of a work tree, what is its own lies elsewhere than the rest.
struct GitDirectory {
    own: PathBuf,
    common: PathBuf,
}

impl GitDirectory {
    fn of(top: &Path, sources: &Sources) -> GitDirectory {
        let own = top.join(".git");
        let root = sources.root(top, None, Span::default()).ok();
        if root.and_then(|root| sources.kind(&root, ".git")) == Some(FileKind::Directory) {
            return GitDirectory { common: own.clone(), own };
        }
        let link = read(top, ".git", sources);
        let place = link.as_deref().and_then(|link| link.trim().strip_prefix("gitdir:"));
        let own = place.map_or(own, |place| top.join(place.trim()));
        let common = match read(&own, "commondir", sources) {
            Some(common) => own.join(common.trim()),
            None => own.clone(),
        };
        GitDirectory { own, common }
    }

    fn read(&self, name: &str, sources: &Sources) -> Option<String> {
        read(&self.common, name, sources)
    }

    /// Returns the commit that is checked out.
    fn commit(&self, sources: &Sources) -> Option<String> {
        let head = read(&self.own, "HEAD", sources)?;
        let Some(name) = head.trim().strip_prefix("ref:") else { return commit(&head) };
        let name = name.trim();
        if let Some(found) = self.read(name, sources) {
            return commit(&found);
        }
        let packed = self.read("packed-refs", sources)?;
        let line = packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '))?;
        commit(line)
    }
}

fn read(directory: &Path, name: &str, sources: &Sources) -> Option<String> {
    let root = sources.root(directory, None, Span::default()).ok()?;
    sources.kind(&root, name).filter(|kind| *kind == FileKind::File)?;
    let path = sources.file(&root, name, Span::default()).ok()?;
    let source = sources.read(&path, Span::default()).ok()?;
    source.text().ok().map(str::to_owned)
}

fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_owned())
}

/// Returns the URL of the remote `origin` in git's configuration.
fn origin(config: &str) -> Option<String> {
    let mut is_origin = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            is_origin = line == "[remote \"origin\"]";
        } else if let (true, Some((key, value))) = (is_origin, line.split_once('='))
            && key.trim() == "url"
        {
            return Some(value.trim().trim_matches('"').to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_part_of_what_its_overlays_are_in() {
        let check = |target: &str, want: Option<&str>| {
            assert_eq!(part_of(Path::new(target), Some(Path::new("/r"))).as_deref(), want, "{target}");
        };
        check("/r/apps/shop/overlays/production", Some("shop"));
        check("/r/apps/shop/base", Some("shop"));
        check("/r/apps/shop", Some("shop"));
        check("/r/overlays/production", None);
        check("/r", None);
        assert_eq!(part_of(Path::new("/r/a"), None), None);
    }

    #[test]
    fn the_remote_origin_has_a_url() {
        let check =
            |config: &str, want: Option<&str>| assert_eq!(origin(config).as_deref(), want, "{config}");
        check(
            "[core]\n\turl = x\n[remote \"origin\"]\n\tfetch = y\n\turl = https://h/r.git\n",
            Some("https://h/r.git"),
        );
        check("[remote \"other\"]\n\turl = https://h/r.git\n", None);
    }
}
