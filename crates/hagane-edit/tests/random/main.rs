//! Random kustomizations, edited at random: the text still parses, means what it meant but for the edit, and its other
//! lines are the same bytes.
//!
//! A number makes one kustomization and one edit, always the same. `HAGANE_SEEDS=100..200` says which numbers.
#![allow(clippy::disallowed_methods, reason = "a test reads which numbers to try")]

mod edit;
mod kustomization;

use edit::Edit;
use hagane_cases::rng::Rng;
use hagane_edit::Kustomization;
use hagane_yaml::{Dialect, MergeKeys, Node, ParseOptions, YamlError};
use kustomization::Written;

/// What the suite tries.
const SEEDS: std::ops::Range<u64> = 0..400;

#[test]
fn edits_change_what_they_say_and_nothing_else() {
    each_seed(|seed| {
        let mut rng = Rng::new(seed);
        let written = Written::random(&mut rng);
        let edit = Edit::random(&mut rng, &written.meaning);
        check(seed, &written, &edit);
    });
}

#[test]
fn no_text_makes_an_edit_panic_or_lose_what_it_does_not_touch() {
    each_seed(|seed| {
        let mut rng = Rng::new(seed ^ 0x5eed);
        let written = Written::random(&mut rng);
        let edit = Edit::random(&mut rng, &written.meaning);
        let mut bytes = written.text.into_bytes();
        for _ in 0..rng.up_to(4) + 1 {
            spoil(&mut bytes, &mut rng);
        }
        let text = String::from_utf8_lossy(&bytes);
        let Ok(mut kustomization) = Kustomization::read(&text, Default::default()) else { return };
        if edit.make(&mut kustomization).is_err() {
            return;
        }
        let (before, after) = (meaning(&text), meaning(kustomization.text()));
        let (Ok(before), Ok(after)) = (before, after) else {
            panic!("{seed}: the text does not parse after {edit:?}\n{text}\n{}", kustomization.text());
        };
        let Some(before) = before.as_mapping() else { return };
        for entry in before.entries.iter().filter(|entry| !edit.touches(entry.key.text.as_str())) {
            let name = entry.key.text.as_str();
            assert_eq!(after.get(name), before.get(name), "{seed}: {edit:?} changes `{name}`\n{text}");
        }
    });
}

fn each_seed(check: impl Fn(u64)) {
    let given = std::env::var("HAGANE_SEEDS").ok().and_then(|range| {
        let (start, end) = range.split_once("..")?;
        Some(start.parse().ok()?..end.parse().ok()?)
    });
    given.unwrap_or(SEEDS).for_each(check);
}

fn meaning(text: &str) -> Result<Node, YamlError> {
    let options =
        ParseOptions { dialect: Dialect::V2, merge_keys: MergeKeys::Keep, ..ParseOptions::default() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = hagane_yaml::parse(text, Default::default(), &options)?;
    Ok(documents.into_iter().next().unwrap_or_else(Node::mapping))
}

fn check(seed: u64, written: &Written, edit: &Edit) {
    let text = &written.text;
    let read = meaning(text).unwrap_or_else(|error| panic!("{seed}: {}\n{text}", error.message));
    assert!(same(&read, &written.meaning), "{seed}: it is written wrongly\n{text}");

    let mut kustomization = Kustomization::read(text, Default::default()).expect("it is a kustomization");
    let mut expected = written.meaning.clone();
    let allowed = edit.model(&mut expected);
    let made = edit.make(&mut kustomization);
    let after = kustomization.text().to_owned();
    let told = || format!("{seed}: {edit:?}\n--- before\n{text}\n--- after\n{after}");
    if !allowed {
        assert!(made.is_err(), "it should be refused\n{}", told());
        return;
    }
    if made.is_err() && written.has_alias {
        return;
    }
    if let Err(error) = made {
        panic!("{}\n{}", error.message, told());
    }
    let read = meaning(&after).unwrap_or_else(|error| panic!("{}\n{}", error.message, told()));
    assert!(same(&read, &expected), "it means something else\n{}", told());

    let mut rest = after.as_str();
    for (_, lines) in written.fields.iter().filter(|(name, _)| !edit.touches(name)) {
        // A text without a last line break keeps that, whatever its last line is then.
        let lines = lines.trim_end_matches(['\r', '\n']);
        let found = rest.find(lines);
        let found = found.unwrap_or_else(|| panic!("these lines are gone:\n{lines}\n{}", told()));
        rest = &rest[found + lines.len()..];
    }
    if read == written.meaning {
        assert_eq!(&after, text, "nothing had to change\n{}", told());
    }
    let comments = |text: &str| {
        let words = text.split("# c").skip(1).filter_map(|part| part.split_whitespace().next());
        let mut comments: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
        comments.sort();
        comments
    };
    if edit.keeps_comments() {
        assert_eq!(comments(&after), comments(text), "comments are not the same\n{}", told());
    }
    if !edit.is_idempotent() {
        return;
    }
    edit.make(&mut kustomization).expect("it can be made twice");
    assert_eq!(kustomization.text(), after, "twice is not once\n{}", told());
}

/// Returns whether two trees mean the same, whatever the order of their keys; nothing is as good as null or empty.
fn same(one: &Node, other: &Node) -> bool {
    match (one, other) {
        (Node::Mapping(one), Node::Mapping(other)) => {
            let inside = |one: &hagane_yaml::Mapping, other: &hagane_yaml::Mapping| {
                one.entries.iter().all(|entry| match other.get(entry.key.text.as_str()) {
                    Some(value) => same(&entry.value, value),
                    None => is_nothing(&entry.value),
                })
            };
            inside(one, other) && inside(other, one)
        }
        (Node::Sequence(one), Node::Sequence(other)) => {
            one.items.len() == other.items.len()
                && one.items.iter().zip(&other.items).all(|(one, other)| same(one, other))
        }
        _ => one == other || one.is_null() && other.is_null(),
    }
}

fn is_nothing(node: &Node) -> bool {
    match node {
        Node::Sequence(sequence) => sequence.items.is_empty(),
        Node::Mapping(mapping) => mapping.entries.is_empty(),
        Node::Scalar(_) => node.is_null(),
    }
}

/// Changes a text somewhere.
fn spoil(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.up_to(bytes.len());
    let to = (at + 1 + rng.up_to(12)).min(bytes.len());
    match rng.up_to(6) {
        0 => drop(bytes.drain(at..to)),
        1 => {
            let piece: Vec<u8> = bytes[at..to].to_vec();
            let place = rng.up_to(bytes.len());
            bytes.splice(place..place, piece);
        }
        2 => bytes[at] = rng.pick(b"#:-?&*!|>'\"[]{},\n\t \r%@`\xff\x7f0~="),
        3 => {
            let odd: &str = rng.pick(&[
                "\n---\n", "&a ", "*a", "<<: *a\n", "!!str ", "\u{2028}", "\u{feff}", "? ", "|2\n", "...\n",
            ]);
            bytes.splice(at..at, odd.bytes());
        }
        4 => bytes.truncate(at),
        _ => bytes.swap(at, to - 1),
    }
}
