//! Whatever a template says, it ends in resources or in a diagnostic with a place, and no sign of a value is left in what it makes.
//!
//! `HAGANE_SEEDS=0..1000000 cargo test -p hagane-template --test random` tries more.
#![allow(clippy::disallowed_methods, reason = "a test reads which numbers to try")]

use hagane_cases::rng::Rng;
use hagane_template::{Limits, Template};
use hagane_yaml::{FileId, Node, Text, parse};

/// What the suite tries.
const SEEDS: std::ops::Range<u64> = 0..3000;

/// What templates are put together from.
const PIECES: [&str; 44] = [
    "kind: A\n",
    "metadata: {name: {{a}}}\n",
    "metadata:\n  name: x\n",
    "---\n",
    "a: ",
    "- ",
    "b:\n",
    "  ",
    "\n",
    "|\n",
    ">\n",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "# ",
    "!!str ",
    "&x ",
    "*x",
    "{{a}}",
    "{{m}}",
    "{{toYaml m}}",
    "{{nindent 2 (toYaml m)}}",
    "{{toJson l}}",
    "{{quote s}}",
    "{{#if a}}",
    "{{else}}",
    "{{/if}}",
    "{{#each l as |v i|}}",
    "{{v}}",
    "{{/each}}",
    "{{~s~}}",
    "{{! x }}",
    "{{#with m}}",
    "{{/with}}",
    "{{indent 4 s}}",
    "{{b64enc s}}",
    "\\{{",
    "{{{{raw}}}}",
    "{{lookup m (quote a)}}",
    "{{../a}}",
];

const VALUES: &str =
    "a: x\ns: \"canary: 'b'\\n- c\"\nm: {k: 1, n: [y, {z: canary}], 'p: q': ''}\nl: [1, two, null]\n";

fn template(seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let mut text = String::new();
    if rng.up_to(2) == 0 {
        text.push_str("kind: A\nmetadata: {name: {{a}}}\n");
    }
    for _ in 0..rng.up_to(14) {
        text.push_str(PIECES[rng.up_to(PIECES.len())]);
    }
    // A letter is lost, now and then.
    if rng.up_to(4) == 0 && !text.is_empty() {
        let at = rng.up_to(text.len());
        text.remove(at);
    }
    text
}

fn check_text(text: &Text, seed: u64) {
    assert!(!text.as_str().chars().any(|c| u32::from(c) >= 0xF_0000), "{seed}: a sign is left");
    assert!(text.is_sensitive() || !text.as_str().contains("canary"), "{seed}: a canary without a mark");
}

fn check_tree(node: &Node, seed: u64) {
    match node {
        Node::Scalar(scalar) => check_text(&scalar.text, seed),
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| check_tree(item, seed)),
        Node::Mapping(mapping) => mapping.entries.iter().for_each(|entry| {
            check_text(&entry.key.text, seed);
            check_tree(&entry.value, seed);
        }),
    }
}

#[test]
fn random_templates_end_well() {
    let mut values = parse(VALUES, FileId(2), &Default::default()).expect("the values are YAML").remove(0);
    values.for_each_scalar(&mut |scalar| {
        if scalar.text.as_str().contains("canary") {
            scalar.text = Text::sensitive(scalar.text.as_str().to_owned());
        }
    });
    let given = std::env::var("HAGANE_SEEDS").ok().and_then(|range| {
        let (start, end) = range.split_once("..")?;
        Some(start.parse().ok()?..end.parse().ok()?)
    });
    let mut rendered = 0;
    for seed in given.unwrap_or(SEEDS) {
        let text = template(seed);
        match Template::parse(&text, FileId(1)).and_then(|read| read.render(&values, &Limits::default())) {
            Ok(resources) => {
                rendered += usize::from(!resources.is_empty());
                resources.iter().for_each(|resource| check_tree(resource.tree(), seed));
            }
            Err(error) => {
                assert!(error.span.line > 0, "{seed}: an error without a place: {error:?}\n{text}");
                assert!(!format!("{error:?}").contains("canary"), "{seed}: {error:?}");
                assert!(!error.message.chars().any(|c| u32::from(c) >= 0xF_0000), "{seed}: {error:?}");
            }
        }
    }
    // Where nothing is rendered, little is tried.
    assert!(rendered > 50, "{rendered} were rendered");
}
