//! Templates over values, whole: what comes out, what is marked, and what is refused where.

use hagane_resource::{Diagnostic, Resource};
use hagane_template::{Limits, Template};
use hagane_yaml::emit::{EmitOptions, Secrets, go_v2_into};
use hagane_yaml::{FileId, Node, Text, parse};

fn values(text: &str) -> Node {
    let mut values = parse(text, FileId(2), &Default::default()).expect("the values are YAML").remove(0);
    values.for_each_scalar(&mut |scalar| {
        if scalar.text.as_str().contains("canary") {
            scalar.text = Text::sensitive(scalar.text.as_str().to_owned());
        }
    });
    values
}

fn render(template: &str, given: &str, limits: &Limits) -> Result<Vec<Resource>, Diagnostic> {
    Template::parse(template, FileId(1))?.render(&values(given), limits)
}

/// Renders what stands under `v:` of a resource.
fn rendered(template: &str, given: &str) -> String {
    let head = "{{#with @root}}{{/with}}kind: T\nmetadata: {name: t}\n";
    let resources = match render(&format!("{head}{template}"), given, &Limits::default()) {
        Ok(resources) => resources,
        Err(error) => return format!("{}:{} {}", error.span.line - 2, error.span.column, error.message),
    };
    let mut tree = resources[0].tree().clone();
    let fields = tree.as_mapping_mut().expect("a resource is a mapping");
    fields.remove("kind");
    fields.remove("metadata");
    let mut out = String::new();
    go_v2_into(&mut out, &tree, EmitOptions { secrets: Secrets::Redact }).expect("it can be written");
    out
}

#[test]
fn values_keep_their_kind_and_are_never_structure() {
    let check = |template: &str, given: &str, expected: &str| {
        assert_eq!(rendered(template, given), expected, "{template} with {given}");
    };
    check("v: {{a}}", "a: 3", "v: 3\n");
    check("v: {{a}}", "a: '3'", "v: \"3\"\n");
    check("v: '{{a}}'", "a: 3", "v: \"3\"\n");
    check("v: {{a}}m", "a: 500", "v: 500m\n");
    check("v: {{a}}{{b}}", "{a: 1, b: 0}", "v: 10\n");
    check("v: {{a}}{{b}}", "{a: '1', b: 0}", "v: \"10\"\n");
    check("v: !!str {{a}}", "a: 3", "v: \"3\"\n");
    check("v: {{a}}", "a: yes", "v: \"yes\"\n");
    check("v: {{a}}", "a: null", "v: null\n");
    check("v: {{a}}", "a: 'x: y'", "v: 'x: y'\n");
    check("v: {{a}}", r#"a: "x\nkind: Secret""#, "v: |-\n  x\n  kind: Secret\n");
    check("v: {{a}} # {{b}}", r#"{a: "x # y", b: "\nw: z"}"#, "v: 'x # y'\n");
    check("v: \"{{a}}\"", r#"a: "\", w: \"\\""#, "v: '\", w: \"\\'\n");
    check("v: [{{a}}, {{b}}]", "{a: 'x]', b: ', y'}", "v:\n- x]\n- ', y'\n");
    check("v: {{a}}", "a: '&x *y !z'", "v: '&x *y !z'\n");
    check("{{a}}: {{b}}", "{a: 'x: {', b: '- y'}", "'x: {': '- y'\n");
    check("v: |\n  {{a}}\n  x", r#"a: "1\n---\nkind: Secret""#, "v: |-\n  1\n  ---\n  kind: Secret\n  x\n");
    check("v: !<{{a}}> x", "a: tag", "1:4 what the template makes is no YAML: the tag has no name");
    check(
        "v: &{{a}} x\nw: *{{a}}",
        "a: b",
        "1:4 what the template makes is no YAML: an anchor `&` takes a name of letters, digits, `-` and `_`",
    );
}

#[test]
fn helpers() {
    let check = |template: &str, given: &str, expected: &str| {
        assert_eq!(rendered(template, given), expected, "{template} with {given}");
    };
    let tree = "t: {a: 1, b: [x, {c: 'd: e'}, []], f: {}, g: '1', h: \"i\\nj\"}";
    let whole = "a: 1\nb:\n- x\n- c: 'd: e'\n- []\nf: {}\ng: \"1\"\nh: |-\n  i\n  j\n";
    check("{{toYaml t}}", tree, whole);
    let below = whole.lines().fold("v:\n".to_owned(), |text, line| text + "  " + line + "\n");
    check("v:\n  {{indent 0 (toYaml t)}}", "t: {a: 1}", "v:\n  a: 1\n");
    check("v:{{nindent 2 (toYaml t)}}", tree, &below);
    check("v:\n{{indent 2 (toYaml t)}}", tree, &below);
    check("v:\n{{toYaml t}}", "t: [1, 2]", "v:\n- 1\n- 2\n");
    check(
        "v: {{toYaml t}}",
        "t: [1, 2]",
        "1:6 what the template makes is no YAML: a sequence cannot begin here",
    );
    // Within a text it is text, with quotes where YAML needs them.
    check(
        "v: |\n{{indent 2 (toYaml t)}}",
        "t: {a: 'b: c', d: '1', e: 1}",
        "v: |-\n  a: 'b: c'\n  d: \"1\"\n  e: 1\n",
    );
    check("v: {{toJson t}}", tree, &below);
    check("v: '{{toJson t}}'", "t: {a: \"it's\"}", "v: '{\"a\":\"it''s\"}'\n");
    check("v: {{quote t}}", "t: 1", "v: \"1\"\n");
    check("v: {{squote t}}", "t: \"it's\"", "v: it's\n");
    check(
        "v: |\n  [{{quote t}}, {{squote t}}]",
        "t: \"it's \\\"\"",
        "v: '[\"it''s \\\"\", ''it''''s \"'']'\n",
    );
    check("v: {{b64enc t}}", "t: x", "v: eA==\n");
    check("v: {{b64dec t}}", "t: eA==", "v: x\n");
    check("v: {{b64dec t}}", "t: '*'", "1:6 what `b64dec` is given is no base64");
    check("v: {{required \"say which image\" image}}", "{}", "1:6 say which image");
    check("v: {{required \"say which image\" image}}", "image: ''", "1:6 say which image");
    check("v: {{required \"say which image\" image}}", "image: i", "v: i\n");
    check("v: {{default \"x\" a.b.c}}", "{}", "v: x\n");
    check("v: {{default \"x\" a}}", "a: ''", "v: x\n");
    check("v: {{default true a}}", "a: false", "v: false\n");
    check("v: {{default 1 (lookup t \"z\")}}", "t: {}", "v: 1\n");
    check("v: {{lookup t k}}", "{t: {x: y}, k: x}", "v: \"y\"\n");
    check("v: {{lookup t 1}}", "t: [x, z]", "v: z\n");
    check("v: {{lookup t \"z\"}}", "t: {}", "1:6 `lookup` finds nothing");
    check("v: {{upper a}}{{lower b}}{{trim c}}", "{a: x, b: Y, c: ' z '}", "v: Xyz\n");
    check("v: {{join \", \" a}}", "a: [x, 1]", "v: x, 1\n");
    check("v: {{#if (and (eq a 1) (ne a 2) (not b))}}x{{/if}}", "{a: 1, b: false}", "v: x\n");
    check("v: {{or a b}}", "{a: '', b: x}", "v: x\n");
    check("v: {{indent 4 a}}", "a: 1", "v: 1\n");
    check("v: |\n  a:\n{{indent 4 a}}", r#"a: "x\ny""#, "v: |-\n  a:\n    x\n    y\n");
    check(
        "v: {{indent a 4}}",
        "a: x",
        "1:6 `indent` is given a number up to 200 first, and then what is indented",
    );
    check("v: {{quote}}", "{}", "1:6 `quote` has no value");
    check("v: {{quote a b}}", "{a: 1, b: 1}", "1:6 `quote` is given one value");
}

#[test]
fn marks() {
    let check = |template: &str, given: &str, expected: &str| {
        assert_eq!(rendered(template, given), expected, "{template} with {given}");
    };
    let given = "{s: canary, p: plain, t: {u: canary, p: plain}, l: [a, canary]}";
    check("v: {{s}}\nw: {{p}}", given, "v: «redacted»\nw: plain\n");
    check("v: a{{s}}b\nw: {{p}}", given, "v: «redacted»\nw: plain\n");
    check("v: {{b64enc s}}\nw: {{b64enc p}}", given, "v: «redacted»\nw: cGxhaW4=\n");
    check("v: {{upper (b64enc s)}}", given, "v: «redacted»\n");
    check("{{s}}: x", given, "«redacted»: x\n");
    check("v: {{nindent 2 (toYaml t)}}", given, "v:\n  p: plain\n  u: «redacted»\n");
    check("v: {{toJson t}}", given, "v:\n  p: plain\n  u: «redacted»\n");
    check("v: '{{toJson t}}'", given, "v: «redacted»\n");
    check("v: |\n  x\n{{indent 2 (toYaml t)}}\nw: {{p}}", given, "v: «redacted»\nw: plain\n");
    check("v: {{join \"-\" l}}", given, "v: «redacted»\n");
    check("v: [{{#each l}}{{this}}, {{/each}}]", given, "v:\n- a\n- «redacted»\n");
    check("v: {{default \"x\" s}}\nw: {{or \"\" s}}", given, "v: «redacted»\nw: «redacted»\n");
    check("v: {{quote s}}", given, "v: «redacted»\n");
    check("v: {{#if (eq s \"c\")}}x{{/if}}", given, "1:11 a secret value cannot be compared");
    // What is found, or not, and how far a text is indented, shows.
    let looked_up = "1:6 a secret value cannot say what is looked up";
    check("v: {{lookup m s}}", "{m: {canary: x}, s: canary}", looked_up);
    check(
        "v: {{default \"no\" (lookup m s)}}",
        "{m: {plain: x}, s: canary}",
        &looked_up.replace("1:6", "1:20"),
    );
    check("v: |\n{{indent s p}}", given, "2:3 a secret value cannot say how far a text is indented");
    check("v: {{required s missing}}", given, "1:6 «decrypted»");
    let error = |template: &str| render(template, given, &Limits::default()).err().map(|error| error.message);
    assert_eq!(error("kind: A{{s}}").as_deref(), Some("`kind` cannot be a secret value"));
    assert_eq!(
        error("kind: List\nitems: [{apiVersion: {{s}}}]").as_deref(),
        Some("`apiVersion` cannot be a secret value")
    );
}

#[test]
fn errors_name_line_and_column() {
    let check = |template: &str, given: &str, place: (u32, u32), message: &str, hint: &str| {
        let error = render(template, given, &Limits::default()).err().expect("the case is wrong");
        let hints: Vec<&String> =
            error.hints.iter().chain(error.places.iter().map(|(hint, _)| hint)).collect();
        assert_eq!((error.span.file, error.message.as_str()), (FileId(1), message), "{template}");
        assert_eq!(
            ((error.span.line, error.span.column), hints.first().map_or("", |h| h)),
            (place, hint),
            "{template}"
        );
    };
    check("a: b\nc: {{naem}}", "name: x", (2, 6), "`naem` has no value", "did you mean `name`?");
    check("a: {{b.c}}", "b: x", (1, 6), "`b.c` has no value", "`b` is a single value");
    check(
        "{{#each l}}\n- {{name}}\n{{/each}}",
        "{l: [{a: 1}], name: x}",
        (2, 5),
        "`name` has no value",
        "`@root.name` has one",
    );
    check(
        "a: {{b}}",
        "b: {}",
        (1, 6),
        "`b` is a mapping, and a single value is needed here",
        "`toYaml` and `toJson` write a tree, and `each` goes through it",
    );
    check("{{#if a}}\n", "a: 1", (1, 1), "the block `if` is not closed", "`{{/if}}` closes it");
    check("{{#if a}}{{/each}}", "a: 1", (1, 10), "`/each` closes the block `if`", "`{{/if}}` closes it");
    check("{{/if}}", "{}", (1, 1), "`/if` closes nothing", "");
    check("{{else}}", "{}", (1, 1), "`else` stands in no block", "");
    check("{{#eech a}}{{/eech}}", "{}", (1, 4), "there is no block `eech`", "did you mean `each`?");
    check("{{toYml a}}", "{}", (1, 3), "there is no helper `toYml`", "did you mean `toYaml`?");
    check(
        "{{env \"HOME\"}}",
        "{}",
        (1, 3),
        "there is no helper `env`",
        "the helpers are and, b64dec, b64enc, default, eq, indent, join, lookup, lower, ne, nindent, not, or, quote, required, squote, toJson, toYaml, trim, upper",
    );
    check(
        "{{> part}}",
        "{}",
        (1, 1),
        "there are no partials here",
        "what several templates share can be a base or a component",
    );
    check(
        "{{* part}}",
        "{}",
        (1, 1),
        "there are no decorators here",
        "what several templates share can be a base or a component",
    );
    check(
        "{{a",
        "{}",
        (1, 1),
        "the tag is not closed",
        "`}}` closes it; `\\{{` is a text, and so is all within `{{{{raw}}}}…{{{{/raw}}}}`",
    );
    check(
        "{{quote \"a}}",
        "{}",
        (1, 1),
        "the tag is not closed",
        "`}}` closes it; `\\{{` is a text, and so is all within `{{{{raw}}}}…{{{{/raw}}}}`",
    );
    check("{{}}", "{}", (1, 3), "there is nothing in the tag", "`{{name}}` writes a value");
    check(
        "{{a + b}}",
        "{}",
        (1, 3),
        "there is no helper `a`",
        "the helpers are and, b64dec, b64enc, default, eq, indent, join, lookup, lower, ne, nindent, not, or, quote, required, squote, toJson, toYaml, trim, upper",
    );
    check(
        "{{quote a=b}}",
        "{}",
        (1, 10),
        "helpers are given values without names here",
        "a path is like `app.image` or `app.[any text]`",
    );
    check("{{@secret}}", "{}", (1, 3), "there is no `@secret`", "one of @root, @index, @key, @first, @last");
    check(
        "a: 1\n# \u{f0000}",
        "{}",
        (2, 3),
        "the character U+F0000 cannot stand in a template",
        "put it into a value",
    );
    check(
        "a: {{b}}\n  c: d\n",
        "b: 1",
        (2, 4),
        "what the template makes is no YAML: a `:` cannot stand here: this is no key of a mapping",
        "the line goes on with the value above it; indent a key as the other keys of its mapping",
    );
    check(
        "{{#each l}}\nkind: A\n{{/each}}",
        "l: [1]",
        (2, 1),
        "the A has no `metadata.name`",
        "every resource needs a name; `generateName` cannot be composed",
    );
    check(
        &format!("{}x", "{{#if a}}".repeat(65)),
        "a: 1",
        (1, 577),
        "more than 64 blocks inside one another",
        "",
    );
    check(
        &format!("{{{{quote {}", "(quote ".repeat(40)),
        "a: 1",
        (1, 1),
        "the tag is not closed",
        "`}}` closes it; `\\{{` is a text, and so is all within `{{{{raw}}}}…{{{{/raw}}}}`",
    );
    check(
        &format!("{{{{quote {} a}}}}", "(quote ".repeat(40)),
        "a: 1",
        (1, 234),
        "more than 32 expressions inside one another",
        "",
    );
}

#[test]
fn what_a_template_may_do_is_bounded() {
    let check = |template: &str, given: &str, limits: Limits, message: &str| {
        let error = render(template, given, &limits).err().expect("the case is wrong");
        assert_eq!(error.message, message, "{template}");
    };
    let list = format!("l: [{}]", "x, ".repeat(100));
    let nested = format!("{}x{}", "{{#each @root.l}}".repeat(10), "{{/each}}".repeat(10));
    check(&nested, &list, Limits::default(), "the template takes too many steps");
    let limits = Limits { output: 1 << 20, ..Limits::default() };
    let long = format!("{{l: [{}], s: {}}}", "x, ".repeat(100), "x".repeat(20_000));
    check("{{#each l}}a: {{@root.s}}\n{{/each}}", &long, limits, "the template writes more than 1 MiB");
    check("{{#each l}}a: {{toJson @root}}\n{{/each}}", &long, limits, "the template writes more than 1 MiB");
    check("{{#each l}}{{toYaml @root.s}}\n{{/each}}", &long, limits, "the template writes more than 1 MiB");
    let quotes = format!(
        "v: {}a{}",
        "{{#if (quote ".to_owned() + &"(quote ".repeat(28),
        ")".repeat(29) + "}}x{{/if}}"
    );
    let much = "the template's helpers make too much of its values";
    check(&quotes, &format!("a: {}", "x".repeat(1000)), Limits::default(), much);
    let joined = "{{#if (join s l)}}x{{/if}}";
    let limits = Limits { made: 1 << 20, ..Limits::default() };
    check(joined, &long, limits, much);
    check(
        "{{#if (indent 200 (toYaml a))}}x{{/if}}",
        &format!("a: \"{}\"", "x\\n".repeat(10_000)),
        limits,
        much,
    );
    check("{{#each l}}{{#if (eq @root.s @root.s)}}x{{/if}}{{/each}}", &long, limits, much);
    check(&"x".repeat((4 << 20) + 1), "{}", limits, "a template has at most 4 MiB");
}

/// Each place is looked up without a walk along its line, which here is all of the template.
#[test]
fn one_long_line_is_read_and_written() {
    const COUNT: usize = 20_000;
    let list = format!("kind: T\nmetadata: {{name: t}}\nv: [{}]\n", "ä,{{a}},{{!--x--}}".repeat(COUNT));
    let resources = render(&list, "a: 1", &Limits::default()).expect("the template is right");
    let Some(Node::Sequence(list)) = resources[0].tree().get("v") else { panic!("`v` is a list") };
    assert_eq!(list.items.len(), 2 * COUNT);
    let last = list.items[2 * COUNT - 1].span();
    assert_eq!((last.line, last.column as usize), (3, 5 + (COUNT - 1) * 18 + 4));
}
