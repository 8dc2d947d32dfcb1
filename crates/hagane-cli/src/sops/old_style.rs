//! The command lines that SOPS takes besides those of today: flags before the command, flags in place of one
//! (`sops -d FILE`), a file alone, and one dash before a long name.

use std::ffi::OsString;

/// The commands.
const VERBS: [&str; 18] = [
    "decrypt",
    "encrypt",
    "edit",
    "set",
    "unset",
    "rotate",
    "updatekeys",
    "groups",
    "filestatus",
    "exec-env",
    "exec-file",
    "keyservice",
    "publish",
    "completion",
    "merge",
    "textconv",
    "help",
    "h",
];

/// The flags that take no value.
const SWITCHES: [&str; 21] = [
    "-i",
    "--in-place",
    "-s",
    "--show-master-keys",
    "--ignore-mac",
    "--mac-only-encrypted",
    "--verbose",
    "--disable-version-check",
    "--check-for-updates",
    "--idempotent",
    "--value-file",
    "--value-stdin",
    "-y",
    "--yes",
    "--background",
    "--pristine",
    "--same-process",
    "--no-fifo",
    "--prompt",
    "--recursive",
    "--omit-extensions",
];

/// Returns the words behind `sops` as a command and its flags.
pub(crate) fn rewritten(words: Vec<OsString>) -> Vec<OsString> {
    let mut words = words.into_iter().map(long);
    let (mut flags, mut verb, mut change) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-d" | "--decrypt") => verb = Some("decrypt"),
            Some("-e" | "--encrypt") => verb = Some("encrypt"),
            Some("-r" | "--rotate") => verb = Some("rotate"),
            Some("-h" | "--help" | "-v" | "--version") => {
                let word = if word == "-v" { "--version".into() } else { word };
                return verb.map(OsString::from).into_iter().chain([word]).collect();
            }
            Some("--set") => change = words.next(),
            Some(text) if text.starts_with("--set=") => change = Some(text["--set=".len()..].into()),
            Some("--") => return command(verb, change, flags, words.next(), words.collect()),
            Some(text) if text.starts_with('-') && text.len() > 1 => {
                let takes = !text.contains('=')
                    && !SWITCHES.contains(&text)
                    && !text.starts_with("--enable-local-keyservice");
                flags.push(word);
                if takes {
                    flags.extend(words.next());
                }
            }
            _ => return command(verb, change, flags, Some(word), words.collect()),
        }
    }
    command(verb, change, flags, None, Vec::new())
}

/// Returns the whole command, whose first word that is no flag is known.
fn command(
    verb: Option<&'static str>,
    change: Option<OsString>,
    flags: Vec<OsString>,
    first: Option<OsString>,
    rest: Vec<OsString>,
) -> Vec<OsString> {
    if verb.is_none()
        && change.is_none()
        && let Some(named) =
            first.as_ref().filter(|first| first.to_str().is_some_and(|text| VERBS.contains(&text)))
    {
        // `groups` has a command of its own before its flags.
        let split = usize::from(named == "groups").min(rest.len());
        let mut words = vec![named.clone()];
        words.extend_from_slice(&rest[..split]);
        words.extend(flags);
        words.extend_from_slice(&rest[split..]);
        return words;
    }
    let mut words: Vec<OsString> = Vec::new();
    if let Some(change) = change {
        // `["a"][0] VALUE`, in one word.
        let change = change.to_string_lossy().into_owned();
        let (path, value) =
            change.split_once("] ").map_or((change.as_str(), ""), |(path, value)| (path, value));
        words.push("set".into());
        words.extend(flags.into_iter().filter(|flag| flag != "-i" && flag != "--in-place"));
        words.extend(first);
        words.extend([format!("{path}]").into(), value.trim().into()]);
        return words;
    }
    if verb.is_none() && first.is_none() {
        return flags;
    }
    words.push(verb.unwrap_or("edit").into());
    words.extend(flags);
    words.extend(first);
    words.extend(rest);
    words
}

/// Returns a long flag with both of its dashes: Go's parser takes one.
fn long(word: OsString) -> OsString {
    match word.to_str() {
        Some(text) if text.len() > 2 && text.starts_with('-') && text.as_bytes()[1].is_ascii_lowercase() => {
            format!("-{text}").into()
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &str) {
        let words = rewritten(line.split(' ').map(OsString::from).collect());
        let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words.join(" "), want, "{line}");
    }

    #[test]
    fn a_value_is_set_by_a_flag() {
        let words = ["--set", "[\"a\"][0] {\"b\": \"] c\"}", "-i", "f"].map(OsString::from);
        assert_eq!(
            rewritten(words.to_vec()),
            ["set", "f", "[\"a\"][0]", "{\"b\": \"] c\"}"].map(OsString::from)
        );
    }

    #[test]
    fn old_command_lines_become_those_of_today() {
        check("decrypt a.yaml", "decrypt a.yaml");
        check("--indent 2 decrypt a.yaml", "decrypt --indent 2 a.yaml");
        check("-d a.yaml", "decrypt a.yaml");
        check("--input-type json -d -i a", "decrypt --input-type json -i a");
        check("-e --age age1a a.yaml", "encrypt --age age1a a.yaml");
        check("--rotate -in-place --add-age age1a a.yaml", "rotate --in-place --add-age age1a a.yaml");
        check("a.yaml", "edit a.yaml");
        check("decrypt", "decrypt");
        check("-d decrypt", "decrypt decrypt");
        check("--config x groups add -i --file f", "groups add --config x -i --file f");
        check("--version", "--version");
        check("-v", "--version");
        check("exec-env f echo", "exec-env f echo");
    }
}
