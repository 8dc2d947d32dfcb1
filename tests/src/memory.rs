//! Cases without a disk: what is there is a map, and what answers is the library.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::case::{Case, Part};
use crate::entry::Entry;
use crate::remote::{HERE, HOST};
use crate::run::Output;

/// What is there at the time of a command, by paths relative to the case: files with their bytes, and directories.
pub type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A command in memory.
pub struct MemoryInvocation<'a> {
    /// What is there.
    pub tree: &'a Tree,
    /// The assignments of the command line, and nothing else.
    pub env: &'a [(String, String)],
    /// Arguments after `hagane`.
    pub args: &'a [String],
}

/// What answers a command in memory.
pub type MemoryAnswer<'a> = dyn FnMut(&MemoryInvocation) -> Output + 'a;

/// Returns whether a case needs no disk: it has no links, permissions or giants, writes nothing, and speaks to hagane only.
pub fn fits(case: &Case) -> bool {
    let commands = ["man", "edit", "create", "lock", "vendor", "localize", "sops", "secrets", "argocd"];
    let writes = |word: &String| {
        word.starts_with("-o") || word.starts_with("--output") || commands.contains(&word.as_str())
    };
    case.parts.iter().all(|part| match part {
        Part::Make(
            Entry::Sparse { .. } | Entry::Link { .. } | Entry::Mode { .. } | Entry::Commit { .. },
            _,
        ) => false,
        Part::Make(_, text) => !text.contains(HERE) && !text.contains(HOST),
        Part::Run(command) => {
            command.words.first().is_some_and(|program| program == "hagane")
                && !command.words.iter().any(writes)
        }
    })
}

/// Runs a case that [`fits`] and returns what each of its commands said.
pub fn run(case: &Case, repository: &Path, answer: &mut MemoryAnswer) -> io::Result<Vec<Output>> {
    let (mut tree, mut outputs) = (Tree::new(), Vec::new());
    for part in &case.parts {
        match part {
            Part::Make(entry, _) => make(&mut tree, entry, repository)?,
            Part::Run(command) => {
                let args = command.words.get(1..).unwrap_or_default();
                outputs.push(answer(&MemoryInvocation { tree: &tree, env: &command.env, args }));
            }
        }
    }
    Ok(outputs)
}

fn make(tree: &mut Tree, entry: &Entry, repository: &Path) -> io::Result<()> {
    match entry {
        Entry::File { path, bytes } => _ = tree.insert(path.into(), Some(bytes.clone())),
        Entry::Directory { path } => _ = tree.insert(path.into(), None),
        Entry::Copy { path } => copy(tree, &repository.join(path), path.into())?,
        Entry::Remove { path } => tree.retain(|there, _| !there.starts_with(path)),
        Entry::Sparse { .. } | Entry::Link { .. } | Entry::Mode { .. } | Entry::Commit { .. } => {
            return Err(io::Error::other(
                "a case in memory has no links, permissions, giants or repositories",
            ));
        }
    }
    Ok(())
}

fn copy(tree: &mut Tree, from: &Path, to: PathBuf) -> io::Result<()> {
    if !from.is_dir() {
        tree.insert(to, Some(fs::read(from)?));
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(tree, &entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
