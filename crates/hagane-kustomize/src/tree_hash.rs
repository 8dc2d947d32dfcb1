//! The hash of a tree of files: what a lock file compares, whatever fetched the tree.

use sha2::{Digest, Sha256};

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Its path from the top of the tree, with `/` between names.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: TreeFileKind,
    /// The SHA-256 of its content; of a symbolic link, of the text that it holds.
    pub digest: [u8; 32],
}

/// What a file of a tree is, as git tells files apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeFileKind {
    /// A file.
    File,
    /// A file that its owner may run.
    Executable,
    /// A symbolic link.
    Link,
}

/// Returns `sha256:` and the hexadecimal SHA-256 of the files' lines, sorted by path. A line is a word (`file`,
/// `executable` or `link`), a blank, the file's digest in hexadecimal, a blank, the path, and a zero byte. Directories
/// have no line of their own; who lists the files leaves everything named `.git` out.
pub fn tree_hash(files: &mut [TreeFile]) -> String {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    for file in files.iter() {
        hash.update(match file.kind {
            TreeFileKind::File => "file ",
            TreeFileKind::Executable => "executable ",
            TreeFileKind::Link => "link ",
        });
        hash.update(hexadecimal(&file.digest));
        hash.update(b" ");
        hash.update(&file.path);
        hash.update(b"\0");
    }
    format!("sha256:{}", hexadecimal(&hash.finalize()))
}

/// Returns the SHA-256 of a content.
pub fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// Returns bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_one_hash() {
        let file =
            |path: &str, kind, content: &[u8]| TreeFile { path: path.into(), kind, digest: digest(content) };
        let check = |mut files: Vec<TreeFile>, expected: &str| {
            assert_eq!(tree_hash(&mut files), format!("sha256:{expected}"));
        };
        // As `sha256sum` has it of no line, and of the line that the book shows.
        check(Vec::new(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let a = file("a", TreeFileKind::File, b"x\n");
        let b = file("b/c", TreeFileKind::Executable, b"");
        let link = file("b.d", TreeFileKind::Link, b"../a");
        let of = |files: &[&TreeFile]| {
            tree_hash(&mut files.iter().map(|file| (*file).clone()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[&a, &b, &link]), of(&[&link, &b, &a]));
        let all = [of(&[&a]), of(&[&b]), of(&[&link]), of(&[&a, &b])];
        for (index, hash) in all.iter().enumerate() {
            assert!(!all[..index].contains(hash));
        }
        check(vec![a], "e34e866568d2e3f2e75015ff1d97524a3d4a59a65afbcb9ce0189a9a45db0375");
    }
}
