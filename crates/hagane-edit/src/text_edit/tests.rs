//! A text, a change, the text after it.

use hagane_yaml::{Dialect, FileId, Node, ParseOptions, Scalar};

use super::Document;

/// A change, its values in YAML.
enum Edit {
    Replace(&'static str),
    Insert(&'static str, &'static str),
    Push(&'static str),
    Absorb(&'static [usize]),
    Enclose(&'static str, &'static [usize]),
    Remove,
    Rename(&'static str),
}
use Edit::{Absorb, Enclose, Insert, Push, Remove, Rename, Replace};

fn node(text: &str) -> Node {
    let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
    hagane_yaml::parse(text, FileId::default(), &options).expect("the case parses").remove(0)
}

fn edited(before: &str, path: &[usize], edit: &Edit) -> Result<String, String> {
    let mut document =
        Document::parse(before, FileId::default(), Dialect::V2).map_err(|error| error.message)?;
    let done = match edit {
        Replace(value) => document.replace(path, node(value)),
        Insert(key, value) => document.insert(path, key, node(value)),
        Push(value) => document.push(path, node(value)),
        Absorb(from) => document.absorb(path, from),
        Enclose(outer, hole) => document.enclose(path, node(outer), hole),
        Remove => document.remove(path),
        Rename(key) => document.rename(path, key),
    };
    done.map(|()| document.text().to_owned()).map_err(|error| error.message)
}

#[track_caller]
fn check(before: &str, path: &[usize], edit: Edit, after: &str) {
    assert_eq!(edited(before, path, &edit).as_deref(), Ok(after), "before:\n{before}");
    // With the line breaks of other systems, too.
    if !before.contains('\r') && before.contains('\n') {
        let crlf = |text: &str| text.replace('\n', "\r\n");
        assert_eq!(edited(&crlf(before), path, &edit), Ok(crlf(after)), "CRLF, before:\n{before}");
    }
}

#[track_caller]
fn refused(before: &str, path: &[usize], edit: Edit) {
    let message = "this place cannot be edited without changing something else";
    assert_eq!(edited(before, path, &edit), Err(message.into()), "before:\n{before}");
}

#[test]
fn scalars_are_replaced_where_they_stand() {
    check("a: 1 # one\nb: 2\n", &[0], Replace("x"), "a: x # one\nb: 2\n");
    check("a: \"1\" # one\n", &[0], Replace("'2'"), "a: \"2\" # one\n");
    check("a: 'it''s'\n", &[0], Replace("\"isn't\""), "a: 'isn''t'\n");
    check("a: x\n", &[0], Replace("'1'"), "a: \"1\"\n");
    check("a: 'x'\n", &[0], Replace("3"), "a: 3\n");
    check("a:\nb: 1\n", &[0], Replace("x"), "a: x\nb: 1\n");
    check("a:\n", &[0], Replace("x"), "a: x\n");
    check("a: # why\nb: 1\n", &[0], Replace("x"), "a: x # why\nb: 1\n");
    check("a: null\n", &[0], Replace("x"), "a: x\n");
    check("a:\n  x\nb: 1\n", &[0], Replace("y"), "a:\n  y\nb: 1\n");
    check("a: x\n  y # z\nb: 1\n", &[0], Replace("q"), "a: q # z\nb: 1\n");
    check("a: \"x\n  y\"\nb: 1\n", &[0], Replace("q r"), "a: \"q r\"\nb: 1\n");
    check("a: &n x\nb: 1\n", &[0], Replace("y"), "a: &n y\nb: 1\n");
    check("- a\n- b # c\n", &[1], Replace("d"), "- a\n- d # c\n");
    check("-   a\n-   b\n", &[1], Replace("d"), "-   a\n-   d\n");
    check("{a: 1, b: [2, 3]}\n", &[1, 0], Replace("'x, y'"), "{a: 1, b: ['x, y', 3]}\n");
    check("{a: , b: 1}\n", &[0], Replace("x"), "{a: x , b: 1}\n");
    check("{a: 1}", &[0], Replace("x"), "{a: x}");
    check("a: 1", &[0], Replace("x"), "a: x");
}

#[test]
fn scalars_of_several_lines_come_and_go() {
    check("a: |\n  x\n  y\nb: 1\n", &[0], Replace("z"), "a: z\nb: 1\n");
    check("a: |\n  x\n\n\nb: 1\n", &[0], Replace("z"), "a: z\n\n\nb: 1\n");
    check("a: |+\n  x\n\n\nb: 1\n", &[0], Replace("z"), "a: z\nb: 1\n");
    check("a: |\n  x\n  # no comment\n# a comment\nb: 1\n", &[0], Replace("z"), "a: z\n# a comment\nb: 1\n");
    check("a: >2\n    x\n   y\nb: 1\n", &[0], Replace("z"), "a: z\nb: 1\n");
    check("a:\n  b: z\nc: 1\n", &[0, 0], Replace("\"x\\ny\\n\""), "a:\n  b: |\n    x\n    y\nc: 1\n");
    check("- a\n", &[0], Replace("\"x\\ny\\n\""), "- |\n  x\n  y\n");
    check("a: x", &[0], Replace("\"x\\ny\\n\""), "a: |\n  x\n  y\n");
    check("{a: 1}\n", &[0], Replace("\"x\\ny\\n\""), "{a: \"x\\ny\\n\"}\n");
    check("- |-\n  a\n- b\n", &[0], Remove, "- b\n");
}

#[test]
fn collections_replace_scalars_and_scalars_collections() {
    check("a: 1 # one\nb: 2\n", &[0], Replace("[x, y]"), "a: # one\n- x\n- y\nb: 2\n");
    check("a: [] # none\nb:\n  - c\n", &[0], Replace("[x]"), "a: # none\n  - x\nb:\n  - c\n");
    check("a:\n- x # one\nb: 2\n", &[0], Replace("z"), "a: z # one\nb: 2\n");
    check("a:\n    b: 1\nc: 2\n", &[1], Replace("{d: {e: f}}"), "a:\n    b: 1\nc:\n    d:\n        e: f\n");
    check("- 1\n- 2\n", &[0], Replace("{a: 1, b: 2}"), "- a: 1\n  b: 2\n- 2\n");
    check("a: {}\n", &[0], Replace("[]"), "a: []\n");
}

#[test]
fn entries_are_added_at_the_end() {
    check("a: 1\n", &[], Insert("b", "2"), "a: 1\nb: 2\n");
    check("a: 1", &[], Insert("b", "2"), "a: 1\nb: 2");
    check("a: 1\n\n", &[], Insert("b", "2"), "a: 1\nb: 2\n\n");
    check("a: 1\n\n# the end\n", &[], Insert("b", "2"), "a: 1\n\n# the end\nb: 2\n");
    check("a: 1\n---\nc: 1\n", &[], Insert("b", "2"), "a: 1\nb: 2\n---\nc: 1\n");
    check("a: 1\n...\n", &[], Insert("b", "2"), "a: 1\nb: 2\n...\n");
    check("---\na: 1\n", &[], Insert("b", "[x]"), "---\na: 1\nb:\n- x\n");
    check("a: |\n  x\n", &[], Insert("b", "2"), "a: |\n  x\nb: 2\n");
    check("a: |+\n  x\n\n", &[], Insert("b", "2"), "a: |+\n  x\n\nb: 2\n");
    check("a:\n  b: 1 # one\nc: 2\n", &[0], Insert("d", "x"), "a:\n  b: 1 # one\n  d: x\nc: 2\n");
    check("a:\n  b: 1\n  # c: 2\nd: 2\n", &[0], Insert("e", "x"), "a:\n  b: 1\n  # c: 2\n  e: x\nd: 2\n");
    check("- a: 1\n- b: 2\n", &[0], Insert("c", "x"), "- a: 1\n  c: x\n- b: 2\n");
    check("-  a: 1\n", &[0], Insert("c", "x"), "-  a: 1\n   c: x\n");
    check("a: {b: 1}\n", &[0], Insert("c", "[x]"), "a: {b: 1, c: [x]}\n");
    check("a: {\n  b: 1\n}\n", &[0], Insert("c", "2"), "a: {\n  b: 1,\n  c: 2\n}\n");
    check("a: {\n  b: 1, # one\n}\n", &[0], Insert("c", "2"), "a: {\n  b: 1, # one\n  c: 2,\n}\n");
    check("a: {}\nb: 1\n", &[0], Insert("c", "2"), "a:\n  c: 2\nb: 1\n");
    check("[{}]\n", &[0], Insert("c", "2"), "[{c: 2}]\n");
    check("a: # none yet\nb: 1\n", &[0], Insert("c", "2"), "a: # none yet\n  c: 2\nb: 1\n");
    check("a: ~\n", &[0], Insert("c", "2"), "a:\n  c: 2\n");
}

#[test]
fn what_is_empty_is_filled() {
    check("", &[], Insert("a", "1"), "a: 1\n");
    check("\n", &[], Insert("a", "1"), "\na: 1\n");
    check("# a comment\n", &[], Insert("a", "1"), "# a comment\na: 1\n");
    check("# a comment", &[], Insert("a", "1"), "# a comment\na: 1");
    check("---\n", &[], Insert("a", "1"), "---\na: 1\n");
    check("# x\n---\n# y\n", &[], Insert("a", "1"), "# x\n---\n# y\na: 1\n");
    check("{}\n", &[], Insert("a", "1"), "a: 1\n");
    check("null\n", &[], Insert("a", "[x]"), "a:\n- x\n");
    check("\u{feff}", &[], Insert("a", "1"), "\u{feff}a: 1\n");
    check("\u{feff}# x\na: 1\n", &[0], Replace("2"), "\u{feff}# x\na: 2\n");
    check("\u{feff}a: 1\n", &[0], Replace("2"), "\u{feff}a: 2\n");
    check("{a: 1}\n", &[], Insert("b", "x: 1"), "{a: 1, b: {x: 1}}\n");
}

#[test]
fn items_are_added_at_the_end() {
    check("a:\n- x\nb: 1\n", &[0], Push("y"), "a:\n- x\n- y\nb: 1\n");
    check(
        "a:\n  - x # one\n\n# about b\nb: 1\n",
        &[0],
        Push("y"),
        "a:\n  - x # one\n  - y\n\n# about b\nb: 1\n",
    );
    check("a:\n  - x\n  # - z\nb: 1\n", &[0], Push("y"), "a:\n  - x\n  # - z\n  - y\nb: 1\n");
    check("a:\n- x\n# about b\nb: 1\n", &[0], Push("y"), "a:\n- x\n- y\n# about b\nb: 1\n");
    check("a:\n  -   x\n", &[0], Push("y"), "a:\n  -   x\n  -   y\n");
    check("a:\n  - x", &[0], Push("y"), "a:\n  - x\n  - y");
    check("a: [x]\n", &[0], Push("y"), "a: [x, y]\n");
    check("a: [x,]\n", &[0], Push("y"), "a: [x, y,]\n");
    check("a: [\n  x,\n  z,\n]\n", &[0], Push("y"), "a: [\n  x,\n  z,\n  y,\n]\n");
    check("a: [\n  x,\n  z # last\n]\n", &[0], Push("y"), "a: [\n  x,\n  z, # last\n  y\n]\n");
    check("a: []\n", &[0], Push("y"), "a:\n- y\n");
    check("a:\nb:\n  - z\n", &[0], Push("y"), "a:\n  - y\nb:\n  - z\n");
    check("{a: []}\n", &[0], Push("y"), "{a: [y]}\n");
    check("a:\n- n: 1\n", &[0], Push("{n: 2, m: [x]}"), "a:\n- n: 1\n- n: 2\n  m:\n  - x\n");
    check("a:\n- - x\n- y\n", &[0, 0], Push("z"), "a:\n- - x\n  - z\n- y\n");
    check("a:\n- |\n  x\n\nb: 1\n", &[0], Push("z"), "a:\n- |\n  x\n- z\n\nb: 1\n");
}

#[test]
fn parts_are_removed_with_their_comments() {
    check("a: 1\nb: 2\n", &[0], Remove, "b: 2\n");
    check("a: 1\nb: 2\n", &[1], Remove, "a: 1\n");
    check("a: 1\nb: 2", &[1], Remove, "a: 1");
    check("a: 1\n# about b\nb: 2 # two\nc: 3\n", &[1], Remove, "a: 1\nc: 3\n");
    check("# the file\na: 1\nb: 2\n", &[0], Remove, "# the file\nb: 2\n");
    check("a: 1\n\n# section\n\nb: 2\nc: 3\n", &[1], Remove, "a: 1\n\n# section\n\nc: 3\n");
    check("a:\n- x\n# about y\n- y\n- z\n", &[0, 1], Remove, "a:\n- x\n- z\n");
    check("a:\n  - x: 1\n    y: 2\n  - z\n", &[0, 0], Remove, "a:\n  - z\n");
    check("- x: 1\n  y: 2\n", &[0, 0], Remove, "- y: 2\n");
    check("- x: 1\n  y: 2\n", &[0, 1], Remove, "- x: 1\n");
    check("- - x\n  - y\n", &[0, 0], Remove, "- - y\n");
    check("a: [x, y, z]\n", &[0, 0], Remove, "a: [y, z]\n");
    check("a: [x, y, z]\n", &[0, 2], Remove, "a: [x, y]\n");
    check("a: {x: 1, y: 2}\n", &[0, 1], Remove, "a: {x: 1}\n");
    check("a:\n- x\nb: 1\n", &[0, 0], Remove, "a: []\nb: 1\n");
    check("a:\n  x: 1\nb: 1\n", &[0, 0], Remove, "a: {}\nb: 1\n");
    check("a: 1\n", &[0], Remove, "{}\n");
}

#[test]
fn lists_take_the_items_of_others() {
    check("a:\n- x\nb:\n- y\n", &[0], Absorb(&[1]), "a:\n- x\n- y\n");
    check("b:\n- y\na:\n- x\n", &[1], Absorb(&[0]), "a:\n- x\n- y\n");
    check(
        "a:\n- x # one\n# z\nc: 1\n# about b\nb: # two\n    # about y\n  - y # three\n  # - z\nd: 1\n",
        &[0],
        Absorb(&[2]),
        "a:\n- x # one\n# about b\n# two\n  # about y\n- y # three\n# - z\n# z\nc: 1\nd: 1\n",
    );
    check(
        "# the file\nb:\n- y: |\n    1\n\n    2\n  z: 3\na:\n  - x\n",
        &[1],
        Absorb(&[0]),
        "# the file\na:\n  - x\n  - y: |\n      1\n\n      2\n    z: 3\n",
    );
    check("a:\n- x\nb:\n- y", &[0], Absorb(&[1]), "a:\n- x\n- y");
    check("b:\n- y\na:\n- x", &[1], Absorb(&[0]), "a:\n- x\n- y");
    check("a:\n- x\n\nb:\n- y\n\nc: 1\n", &[0], Absorb(&[1]), "a:\n- x\n- y\n\nc: 1\n");
    check("a: [x]\nb:\n- y\n", &[0], Absorb(&[1]), "a: [x, y]\n");
    check("a:\n- x\nb: [y, z] # w\n", &[0], Absorb(&[1]), "a:\n- x\n- y\n- z\n");
    check("{a: [x], b: [y]}\n", &[0], Absorb(&[1]), "{a: [x, y]}\n");
    check("a:\n- x\nb: []\n", &[0], Absorb(&[1]), "a:\n- x\n");
    refused("a:\n- x\nb: &n\n- y\nc: *n\n", &[0], Absorb(&[1]));
    check("- a:\n  - x\n  b:\n  - y\n", &[0, 0], Absorb(&[0, 1]), "- a:\n  - x\n  - y\n");
}

#[test]
fn values_get_others_around_them() {
    let labels = "[{s: true, p: }]";
    check(
        "a: # why\n  # one\n  x: y # two\n  z: w\nb: 1\n",
        &[0],
        Enclose(labels, &[0, 1]),
        "a:\n- s: true\n  p: # why\n    # one\n    x: y # two\n    z: w\nb: 1\n",
    );
    check("a: {x: y} # one\n", &[0], Enclose(labels, &[0, 1]), "a:\n- s: true\n  p: {x: y} # one\n");
    check("a: &n {x: y}\nb: *n\n", &[1], Enclose(labels, &[0, 1]), "a: &n {x: y}\nb:\n- s: true\n  p: *n\n");
    check("{a: {x: y}}\n", &[0], Enclose(labels, &[0, 1]), "{a: [{s: true, p: {x: y}}]}\n");
    check("a:\n- x # one\n- y\n", &[0, 0], Enclose("{p: }", &[0]), "a:\n- p: x # one\n- y\n");
    check("a:\n  -   x\n", &[0, 0], Enclose("{p: }", &[0]), "a:\n  -   p: x\n");
    check(
        "a:\n- |- # one\n  x: 1\n    y\n\n  z\n# b\nb: 1\n",
        &[0, 0],
        Enclose("{p: }", &[0]),
        "a:\n- p: |- # one\n    x: 1\n      y\n\n    z\n# b\nb: 1\n",
    );
    check("- |2\n    x\n   y\n", &[0], Enclose("{p: }", &[0]), "- p: |2\n      x\n     y\n");
    check("- >-\n  x\n  y\n", &[0], Enclose("{p: }", &[0]), "- p: >-\n    x\n    y\n");
    check("- \"x\n  y\"\n", &[0], Enclose("{p: }", &[0]), "- p: \"x\n    y\"\n");
    check("-\n  x\n", &[0], Enclose("{p: }", &[0]), "- p:\n    x\n");
    check("a: [x, y]\n", &[0, 1], Enclose("{p: }", &[0]), "a: [x, {p: y}]\n");
    check("- e: x # one\n  f: 1\n", &[0, 0], Enclose("[~]", &[0]), "- e:\n  - x # one\n  f: 1\n");
}

#[test]
fn keys_are_renamed() {
    check("a: 1\nb:   2 # x\n", &[1], Rename("c"), "a: 1\nc:   2 # x\n");
    check("'a': 1\n", &[0], Rename("c"), "'c': 1\n");
    check("{\"a\":1}\n", &[0], Rename("c"), "{\"c\":1}\n");
    check("bases:\n# x\n- y\n", &[0], Rename("resources"), "resources:\n# x\n- y\n");
}

#[test]
fn what_others_lean_on_is_not_changed() {
    refused("a: &n [x]\nb: *n\n", &[0], Push("y"));
    refused("a: &n x\nb: *n\n", &[0], Remove);
    check("a: &n [x]\nb: *n\n", &[1], Push("y"), "a: &n [x]\nb:\n- x\n- y\n");
    check("a: &n\n  x: 1\nb:\n  <<: *n\n", &[1], Insert("z", "2"), "a: &n\n  x: 1\nb:\n  <<: *n\n  z: 2\n");
    check("a: &n x\nb: *n\nc: 1\n", &[1], Remove, "a: &n x\nc: 1\n");
    check("a: &n x\nb: *n # y\n", &[1], Replace("z"), "a: &n x\nb: z # y\n");
}

#[test]
fn scalars_are_quoted_as_kustomize_quotes_them() {
    let set = |value: &str, after: &str| {
        let mut document = Document::parse("a: x\n", FileId::default(), Dialect::V2).expect("it parses");
        document.replace(&[0], Node::Scalar(Scalar::string(value))).expect("it can be replaced");
        assert_eq!(document.text(), after);
    };
    set("yes", "a: \"yes\"\n");
    set("", "a: \"\"\n");
    set("1.10", "a: \"1.10\"\n");
    set("- b", "a: '- b'\n");
    set("b: c", "a: 'b: c'\n");
    set("@b", "a: '@b'\n");
    set("2020-01-01", "a: \"2020-01-01\"\n");
    set("it's", "a: it's\n");
    let long = "word ".repeat(30);
    set(long.trim(), &format!("a: \"{}\"\n", long.trim()));
}
