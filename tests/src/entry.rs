//! What a case puts into its directory: files, links, directories, modes.

use crate::case::without_newline;

/// Something that a case makes before the next command.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file with these bytes.
    File {
        /// Its path.
        path: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// An empty file of this many bytes, which takes no room.
    Sparse {
        /// Its path.
        path: String,
        /// Its length.
        length: u64,
    },
    /// An empty directory.
    Directory {
        /// Its path.
        path: String,
    },
    /// A symbolic link.
    Link {
        /// Its path.
        path: String,
        /// What it points to.
        target: String,
    },
    /// A change of permission bits.
    Mode {
        /// Whose.
        path: String,
        /// The bits.
        bits: u32,
    },
    /// A copy of a file or directory of this repository.
    Copy {
        /// Its path in the repository and in the case.
        path: String,
    },
    /// A commit of all that is in a directory, which is or becomes a git repository.
    Commit {
        /// Its path.
        path: String,
        /// A tag that is put on it, even if another commit had it.
        tag: Option<String>,
    },
    /// The removal of a file or directory.
    Remove {
        /// Its path.
        path: String,
    },
}

impl Entry {
    /// Reads an entry from the head of its section and the text below.
    pub fn parse(head: &str, body: String) -> Result<Entry, String> {
        let (verb, rest) = head.split_once(' ').unwrap_or((head, ""));
        let path = rest.to_owned();
        match verb {
            "bytes" => Ok(Entry::File { path, bytes: from_base64(&body)? }),
            "expand" => Ok(Entry::File { path, bytes: expand(&body)?.into_bytes() }),
            "sparse" => {
                let (path, length) = rest.split_once(' ').ok_or("`sparse PATH LENGTH`")?;
                let length = length.parse().map_err(|_| format!("`{length}` is no length"))?;
                Ok(Entry::Sparse { path: path.to_owned(), length })
            }
            "directory" => Ok(Entry::Directory { path }),
            "copy" => Ok(Entry::Copy { path }),
            "remove" => Ok(Entry::Remove { path }),
            "commit" => {
                let (path, tag) = match rest.split_once(' ') {
                    Some((path, tag)) => (path.to_owned(), Some(tag.to_owned())),
                    None => (path, None),
                };
                Ok(Entry::Commit { path, tag })
            }
            "link" => {
                let (path, target) = rest.split_once(" -> ").ok_or("`link PATH -> TARGET`")?;
                Ok(Entry::Link { path: path.to_owned(), target: target.to_owned() })
            }
            "mode" => {
                let (bits, path) = rest.split_once(' ').ok_or("`mode BITS PATH`")?;
                let bits = u32::from_str_radix(bits, 8).map_err(|_| format!("`{bits}` is no mode"))?;
                Ok(Entry::Mode { path: path.to_owned(), bits })
            }
            _ => Ok(match head.strip_suffix(", no newline") {
                Some(path) => {
                    Entry::File { path: path.to_owned(), bytes: without_newline(body).into_bytes() }
                }
                None => Entry::File { path: head.to_owned(), bytes: body.into_bytes() },
            }),
        }
    }
}

/// Replaces each `⟦N × TEXT⟧` by N times the text.
fn expand(body: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (inside, after) = after.split_once('⟧').ok_or("`⟦` without `⟧`")?;
        let (count, repeated) = inside.split_once(" × ").ok_or("`⟦N × TEXT⟧`")?;
        let count = count.parse().map_err(|_| format!("`{count}` is no number"))?;
        text.push_str(before);
        text.push_str(&repeated.repeat(count));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = ALPHABET.iter().position(|b| *b == byte).ok_or("not base64")?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, body: &str, expected: Entry) {
        assert_eq!(Entry::parse(head, body.to_owned()), Ok(expected), "{head}");
    }

    #[test]
    fn an_entry_is_read_from_its_head() {
        let file = |path: &str, bytes: &[u8]| Entry::File { path: path.into(), bytes: bytes.into() };
        check("a/b.yaml", "x: 1\n", file("a/b.yaml", b"x: 1\n"));
        check("a, no newline", "x\n", file("a", b"x"));
        check("bytes a", "//79\n", file("a", b"\xff\xfe\xfd"));
        check("bytes a", "aGk=\n", file("a", b"hi"));
        check("expand a", "x⟦3 × ab⟧y⟦2 × -⟧", file("a", b"xabababy--"));
        check("sparse a 1024", "", Entry::Sparse { path: "a".into(), length: 1024 });
        check("directory a", "", Entry::Directory { path: "a".into() });
        check("link a -> ../b", "", Entry::Link { path: "a".into(), target: "../b".into() });
        check("mode 000 a", "", Entry::Mode { path: "a".into(), bits: 0 });
        check("commit remote/a v1", "", Entry::Commit { path: "remote/a".into(), tag: Some("v1".into()) });
        check("copy overlays-sample", "", Entry::Copy { path: "overlays-sample".into() });
    }
}
