//! What handlebars 6.4.4 (the crate) writes for templates, recorded from it: ours must write the same.

use hagane_yaml::{FileId, Node, ParseOptions};

use crate::insert::{What, is_sign, number_of};
use crate::{Limits, Template, render};

/// The values that all of them were given.
const VALUES: &str = r#"{a: A, b: true, c: false, n: 3, z: 0, e: "", l: [x, y], m: {k1: v1, k2: v2}, o: {p: {q: Q}}, el: [], em: {}, nul: null,
  ll: [[1, 2], [3]], ob: [{n: N1, s: [t]}, {n: N2, s: []}], "x y": XY}"#;

/// Templates, and what was written.
const RECORDED: &[(&str, &str)] = &[
    ("{{a}}", "A"),
    ("{{ a }}", "A"),
    ("{{{a}}}", "A"),
    ("{{&a}}", "A"),
    ("x{{a}}y{{n}}z", "xAy3z"),
    ("{{#if b}}yes{{else}}no{{/if}}", "yes"),
    ("{{#if c}}yes{{else}}no{{/if}}", "no"),
    ("{{#if z}}yes{{else}}no{{/if}}", "no"),
    ("{{#if e}}yes{{else}}no{{/if}}", "no"),
    ("{{#if el}}yes{{else}}no{{/if}}", "no"),
    ("{{#if em}}yes{{else}}no{{/if}}", "no"),
    ("{{#if nul}}yes{{else}}no{{/if}}", "no"),
    ("{{#unless c}}yes{{/unless}}", "yes"),
    ("{{#each l}}[{{this}}]{{/each}}", "[x][y]"),
    ("{{#each l as |v i|}}{{i}}={{v}};{{/each}}", "0=x;1=y;"),
    ("{{#each m}}{{@key}}={{this}};{{/each}}", "k1=v1;k2=v2;"),
    ("{{#each m as |v k|}}{{k}}={{v}};{{/each}}", "k1=v1;k2=v2;"),
    ("{{#each el}}x{{else}}none{{/each}}", "none"),
    ("{{#each l}}{{#if @first}}F{{/if}}{{#if @last}}L{{/if}}{{this}}{{/each}}", "FxLy"),
    ("{{#with o}}{{p.q}}{{/with}}", "Q"),
    ("{{#with o.p as |w|}}{{w.q}}{{../a}}{{/with}}", "QA"),
    ("{{#each ob}}{{n}}:{{#each s}}{{this}}{{../n}}{{@root.a}}{{/each}};{{/each}}", "N1:tN1A;N2:;"),
    ("{{#each ll}}{{#each this}}{{@../index}}.{{@index}} {{/each}}{{/each}}", "0.0 0.1 1.0 "),
    ("{{#if c}}1{{else if b}}2{{else}}3{{/if}}", "2"),
    ("{{#if c}}1{{else if z}}2{{else}}3{{/if}}", "3"),
    ("a\n{{#if b}}\nb\n{{/if}}\nc\n", "a\nb\nc\n"),
    ("a\n  {{#if b}}\n  b\n  {{/if}}\nc\n", "a\n  b\nc\n"),
    ("a\n{{#if c}}\nb\n{{else}}\nd\n{{/if}}\nc\n", "a\nd\nc\n"),
    ("{{#each l}}\n- {{this}}\n{{/each}}\n", "- x\n- y\n"),
    ("x {{~a~}} y", "xAy"),
    ("x\n{{~#if b~}}\n y \n{{~/if~}}\n z", "xyz"),
    ("a\n{{! note }}\nb", "a\nb"),
    ("a\n{{!-- {{x}} --}}\nb", "a\nb"),
    ("a {{! note }} b", "a  b"),
    ("\\{{a}} {{a}}", "{{a}} A"),
    ("{{{{raw}}}}{{ a }} {{#if}}{{{{/raw}}}}", "{{ a }} {{#if}}"),
    ("{{lookup m \"k1\"}}", "v1"),
    ("{{lookup l 1}}", "y"),
    ("{{l.0}}{{l.[1]}}", "xy"),
    ("{{[x y]}}", "XY"),
    ("{{o/p/q}}", "Q"),
    ("{{this.a}}{{./a}}", "AA"),
    ("{{#if (eq n 3)}}y{{/if}}", "y"),
    ("{{#if (and b (not c))}}y{{/if}}", "y"),
    ("{{#unless c}}a{{else}}b{{/unless}}", "a"),
    ("{{#if b}}a{{^}}b{{/if}}", "a"),
    ("{{nul}}|", "|"),
    ("{{b}}{{n}}", "true3"),
    ("{{#with el}}x{{else}}none{{/with}}", "none"),
    ("a\n{{#each l}}\n{{#if @first}}\nfirst\n{{/if}}\n{{this}}\n{{/each}}\nz\n", "a\nfirst\nx\ny\nz\n"),
    ("{{#if b}}{{else}}x{{/if}}", ""),
    ("{{#each l}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}", "x, y"),
    ("{{#if \"\"}}x{{else}}y{{/if}}", "y"),
    ("  {{#if b}}\n  x\n  {{else}}\n  y\n  {{/if}}", "  x\n"),
    ("{{#if b}}  \nx{{/if}}\n", "x\n"),
    ("a\r\n{{#if b}}\r\nb\r\n{{/if}}\r\nc", "a\r\nb\r\nc"),
    ("x\\\\{{a}}", "x\\A"),
    ("\\\\\\{{a}}", "\\\\A"),
    ("\\{{a}}\\{{b}} {{a}}", "{{a}}{{b}} A"),
    ("\\\\{{a}}\\{{a}}", "\\A{{a}}"),
];

fn values() -> Node {
    hagane_yaml::parse(VALUES, FileId::default(), &ParseOptions::default())
        .expect("the values are YAML")
        .remove(0)
}

/// Returns what a template writes, values as they are.
fn written(template: &str) -> String {
    let template = Template::parse(template, FileId::default()).expect(template);
    let values = values();
    let output = render::render(&template.items, &values, &Limits::default()).expect("it has all values");
    let mut text = String::new();
    let mut chars = output.text.chars();
    while let Some(c) = chars.next() {
        match is_sign(c).then(|| chars.next().and_then(|second| number_of(c, second))) {
            None => text.push(c),
            Some(number) => match &output.inserts[number.expect("a sign has two characters")].what {
                What::Plain(scalar) => text.push_str(scalar.text.as_str()),
                other => panic!("{other:?}"),
            },
        }
    }
    text
}

#[test]
fn templates_write_what_handlebars_writes() {
    for (template, expected) in RECORDED {
        assert_eq!(written(template), *expected, "{template}");
    }
}

#[test]
fn words_of_javascript_that_the_crate_does_not_know() {
    for (template, expected) in
        [("{{#each l}}{{.}}{{/each}}", "xy"), ("{{^c}}x{{/c}}", "x"), ("{{^c}}x{{else}}y{{/c}}", "x")]
    {
        assert_eq!(written(template), expected, "{template}");
    }
}
