//! Trees of repositories that are kept from one run to the next: those at a commit, which no server can change any more.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fetched, Wanted};
use crate::leftovers::Leftovers;

/// How many trees are kept, and how many bytes their files have.
const TREES: usize = 32;
const BYTES: u64 = 256 << 20;

/// Trees that several fetchers share. They are what was fetched, as it lies in the repository: nothing of it is decrypted.
pub struct KeptTrees {
    /// What removes them in the end.
    leftovers: Arc<Leftovers>,
    /// The one that was asked for last is the last.
    trees: Mutex<Vec<Tree>>,
}

struct Tree {
    wanted: Wanted,
    fetched: Fetched,
    bytes: u64,
}

impl KeptTrees {
    /// Returns a place for trees whose directories are among `leftovers`.
    pub fn new(leftovers: Arc<Leftovers>) -> KeptTrees {
        KeptTrees { leftovers, trees: Mutex::default() }
    }

    /// Returns where a tree may lie that is perhaps kept: it goes away with the last who has it.
    pub(super) fn place(&self) -> Arc<Leftovers> {
        Arc::new(self.leftovers.of_part())
    }

    pub(super) fn find(&self, wanted: &Wanted) -> Option<Fetched> {
        let mut trees = self.trees();
        let at = trees.iter().position(|tree| tree.wanted == *wanted)?;
        let tree = trees.remove(at);
        let fetched = tree.fetched.clone();
        trees.push(tree);
        Some(fetched)
    }

    /// Keeps a tree, and lets go of those that nobody has asked for the longest.
    pub(super) fn keep(&self, wanted: Wanted, fetched: &Fetched) {
        // What cannot be counted is not kept.
        let Ok(bytes) = size(&fetched.directory) else { return };
        let mut trees = self.trees();
        trees.retain(|tree| tree.wanted != wanted);
        trees.push(Tree { wanted, fetched: fetched.clone(), bytes });
        let mut all: u64 = trees.iter().map(|tree| tree.bytes).sum();
        let mut gone = Vec::new();
        while trees.len() > TREES || all > BYTES {
            let tree = trees.remove(0);
            all -= tree.bytes;
            gone.push(tree);
        }
        // To remove many files takes a while, and nobody has to wait for it.
        drop(trees);
        drop(gone);
    }

    fn trees(&self) -> MutexGuard<'_, Vec<Tree>> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeptTrees {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        // URLs may hold passwords.
        formatter.debug_struct("KeptTrees").field("trees", &self.trees().len()).finish()
    }
}

/// Returns how many bytes the files of a directory have.
fn size(directory: &Path) -> io::Result<u64> {
    let mut size = 0;
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            match metadata.is_dir() {
                true => waiting.push(entry.path()),
                false => size += metadata.len(),
            }
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use hagane::Named;

    use super::super::Revision;
    use super::*;

    fn wanted(number: usize) -> Wanted {
        (format!("https://example.com/{number}"), String::new(), false, None)
    }

    /// Makes a tree with a file of so many bytes, and keeps it.
    fn keep(kept: &KeptTrees, number: usize, bytes: u64) -> Fetched {
        let own = kept.place();
        let directory = own.directory().expect("there is a scratch directory");
        let file = fs::File::create(directory.join("a")).expect("it is ours");
        file.set_len(bytes).expect("it has holes");
        let revision = Revision { commit: String::new(), named: Named::Commit };
        let fetched = Fetched { directory, revision, _own: Some(own) };
        kept.keep(wanted(number), &fetched);
        fetched
    }

    #[test]
    fn trees_are_kept_until_there_are_too_many() {
        let kept = KeptTrees::new(Arc::default());
        let first = keep(&kept, 0, 1);
        let second = keep(&kept, 1, 1).directory;
        for number in 2..TREES {
            keep(&kept, number, 1);
        }
        assert!(kept.find(&wanted(0)).is_some_and(|found| found.directory == first.directory));
        keep(&kept, TREES, 1);
        // The second is the one that was not asked for the longest.
        assert!(kept.find(&wanted(1)).is_none() && !second.exists());
        assert!(kept.find(&wanted(0)).is_some() && kept.find(&wanted(TREES)).is_some());

        // A large one takes the place of many, and one that is too large is there only for who has fetched it.
        let large = keep(&kept, 100, BYTES);
        assert!(kept.find(&wanted(100)).is_some() && kept.find(&wanted(TREES)).is_none());
        assert!(first.directory.exists(), "somebody has it");
        let too_large = keep(&kept, 101, BYTES + 1);
        assert!(kept.find(&wanted(101)).is_none() && too_large.directory.exists());
        let directories = [first, large, too_large].map(|fetched| fetched.directory.clone());
        assert!(directories.iter().all(|directory| !directory.exists()));
    }
}
