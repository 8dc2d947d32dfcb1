use super::*;

fn settings(rest: Rest) -> Settings {
    Settings { file: FileId::default(), lines_before: 0, dialect: Dialect::V3, json: false, rest, depth: 50 }
}

/// Writes the events of a text in a line: collections as brackets, scalars between quotes with a mark of their
/// style, or what is wrong.
fn read(text: &str, rest: Rest) -> String {
    let mut out = Vec::new();
    let mut step = || -> Result<(), YamlError> {
        let mut events = Events::new(text, settings(rest))?;
        loop {
            let event = events.next()?.0;
            let (word, properties) = match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart => ("---".to_owned(), Properties::default()),
                Event::DocumentEnd => continue,
                Event::Scalar(text, style, properties) => (scalar(&text, style), properties),
                Event::SequenceStart(Layout::Block, properties) => ("-[".to_owned(), properties),
                Event::SequenceStart(Layout::Flow, properties) => ("[".to_owned(), properties),
                Event::SequenceEnd => ("]".to_owned(), Properties::default()),
                Event::MappingStart(Layout::Block, properties) => (":{".to_owned(), properties),
                Event::MappingStart(Layout::Flow, properties) => ("{".to_owned(), properties),
                Event::MappingEnd => ("}".to_owned(), Properties::default()),
                Event::Alias(number) => (format!("*{number}"), Properties::default()),
            };
            if properties.anchor > 0 {
                out.push(format!("&{}", properties.anchor));
            }
            out.extend(properties.tag.map(|tag| format!("<{tag}>")));
            out.push(word);
        }
    };
    match step() {
        Ok(()) => out.join(" "),
        Err(error) => format!("{}:{} {}", error.span.line, error.span.column, error.message),
    }
}

fn scalar(text: &str, style: Style) -> String {
    let mark = match style {
        Style::SingleQuoted => "'",
        Style::DoubleQuoted => "\"",
        Style::Literal => "|",
        Style::Folded => ">",
        _ => "",
    };
    format!("{mark}{}", text.escape_debug())
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, want) in cases {
        assert_eq!(read(text, Rest::Refuse), *want, "{text:?}");
    }
}

#[test]
fn blocks() {
    check(&[
        ("", ""),
        ("# c\n", ""),
        ("a: 1\nb:\n- 2\n- c: 3\n  d:\n", "--- :{ a 1 b -[ 2 :{ c 3 d  } ] }"),
        ("- - a\n  - b\n-\n- c\n", "--- -[ -[ a b ]  c ]"),
        ("? a\n: b\n? c\n", "--- :{ a b c  }"),
        ("? \n: a\n", "--- :{  a }"),
        ("a:\n  b: 1\n c: 2\n", "3:2 a key is missing here"),
        ("a: 1\n- b\n", "2:1 a key is missing here"),
        ("- a\nb: 1\n", "2:1 an item `- ` is missing here"),
        ("a: b: c\n", "1:5 a `:` cannot stand here: this is no key of a mapping"),
        ("a: 1\n  b: 2\n", "2:4 a `:` cannot stand here: this is no key of a mapping"),
        ("a: - b\n", "1:4 a sequence cannot begin here"),
        ("a: 1\nb\nc: 2\n", "2:1 a `:` is missing after this key"),
        ("a:\n\tb: 1\n", "2:1 a tab stands where spaces indent"),
        ("# a\n\t# b\na: 1\n", "--- :{ a 1 }"),
        ("\t# b\na: 1\n", "1:1 a tab stands where spaces indent"),
        ("a:\n  : b\n", "2:3 a key is missing here"),
    ]);
}

#[test]
fn brackets() {
    check(&[
        ("[a, {b: c, d}, e: f]", "--- [ a { b c d  } { e f } ]"),
        ("{b:}", "--- { b:  }"),
        ("{b: , c: 1}", "--- { b  c 1 }"),
        ("{\"a\":b, c:d}", "--- { \"a b c:d  }"),
        ("[-]", "--- [ - ]"),
        ("[a?b, ?]", "1:3 a `,` or a `]` is missing before this"),
        ("[- a]", "1:2 a `-` cannot begin an item inside brackets"),
        ("[a]# c", "--- [ a ]"),
        ("[a, , b]", "1:5 a `,` stands where a value is missing"),
        ("a: [b\nc: d", "2:2 a `,` or a `]` is missing before this"),
        ("a: [b", "1:4 the bracket that opens here is not closed"),
        ("{: a}", "1:2 a `:` stands here without a key"),
        ("[a]: b", "--- :{ [ a ] b }"),
        ("[a,\nb]: c", "2:3 a `:` cannot stand here: this is no key of a mapping"),
        ("a: }", "1:4 a `}` closes nothing here"),
        ("[[?],]", "1:1 the bracket that opens here is not closed"),
    ]);
}

#[test]
fn plain_scalars() {
    check(&[
        ("a b\n c\n\n d # e", "--- a b c\\nd"),
        ("a#b", "--- a#b"),
        ("a:b", "--- a:b"),
        ("-a", "--- -a"),
        ("é: ü", "--- :{ é ü }"),
        ("a\u{85} b", "--- a b"),
        ("k: a\u{2028}b", "2:1 a `:` is missing after this key"),
        ("k: a\u{2028} b", "--- :{ k a\\u{2028}b }"),
        ("k: \u{feff}a", "--- :{ k \\u{feff}a }"),
        ("\u{feff}k: a", "--- :{ k a }"),
        ("k: @a", "1:4 a value cannot begin with `@`"),
        ("a\r\nb\rc", "--- a b c"),
    ]);
}

#[test]
fn quoted_scalars() {
    check(&[
        (r#""a\n\t\x41\u00e9\U0001F600\e\0\_""#, "--- \"a\\n\\tAé😀\\u{1b}\\0\\u{a0}"),
        (r#""a\/b""#, "1:3 `\\/` is no escape"),
        (r#""\uD83D\uDE00""#, "1:2 the escape stands for no character: U+D83D"),
        (r#""\xg0""#, "1:2 this escape takes 2 hexadecimal digits"),
        ("'it''s'", "--- 'it\\'s"),
        ("\"a  \n\n  b\"", "--- \"a\\nb"),
        ("\"a \\\n  b\"", "--- \"a b"),
        ("\"a\\t \n b\"", "--- \"a\\t b"),
        ("k: \"\nl:\n- \"", "--- :{ k \" l: -  }"),
        ("\"a\u{85}b\u{2029}c\"", "--- \"a b\\u{2029}c"),
        ("k: \"a", "1:4 the quote that opens here is not closed"),
        ("k: 'a\n---\n'", "1:4 the quote that opens here is not closed"),
        ("\"a\"# c", "--- \"a"),
        ("\"a\n b\": c", "2:4 a `:` cannot stand here: this is no key of a mapping"),
    ]);
}

#[test]
fn quoted_scalars_of_json() {
    for (text, want) in [
        (r#""a\/b""#, "a/b"),
        (r#""\uD83D\uDE00!""#, "😀!"),
        (r#""\uD83D!""#, "\u{fffd}!"),
        (r#""\uDE00\uDE00""#, "\u{fffd}\u{fffd}"),
    ] {
        let mut events =
            Events::new(text, Settings { json: true, ..settings(Rest::Refuse) }).expect("the case reads");
        events.next().expect("a document begins");
        let (event, _) = events.next().expect("the case reads");
        assert_eq!(event, Event::Scalar(want.into(), Style::DoubleQuoted, Properties::default()), "{text}");
    }
}

#[test]
fn block_scalars() {
    check(&[
        ("k: |\n  a\n   b\n\n\n", "--- :{ k |a\\n b\\n }"),
        ("k: |+\n  a\n\n", "--- :{ k |a\\n\\n }"),
        ("k: |-\n  a\n", "--- :{ k |a }"),
        ("k: |\n  a", "--- :{ k |a }"),
        ("k: |2-\n   a\n", "--- :{ k | a }"),
        ("k: >\n  a\n  b\n\n  c\n   d\n  e\n", "--- :{ k >a b\\nc\\n d\\ne\\n }"),
        ("k: |\n  a\u{2028}b", "3:1 a `:` is missing after this key"),
        ("k: | # c\n", "--- :{ k | }"),
        ("k: |0\n", "1:5 the indentation of a block is at least 1"),
        ("k: | a\n", "1:6 the text of a block begins on the next line"),
        ("k: |\n \ta\n  b", "2:2 a tab stands where spaces indent"),
    ]);
}

#[test]
fn properties_and_documents() {
    check(&[
        ("a: &x !!str 1\nb: *x\n", "--- :{ a &1 <tag:yaml.org,2002:str> 1 b *1 }"),
        ("&x: v", "--- :{ &1  v }"),
        ("a: 'b' c\n", "1:8 a key is missing here"),
        ("a: !mine 1\nb: !<x:y> 1\nc: ! 1\n", "--- :{ a <!mine> 1 b <x:y> 1 c <!> 1 }"),
        ("%TAG !e! tag:e,1:\n---\n!e!a%20b c", "--- <tag:e,1:a b> c"),
        ("!e!a b", "1:1 the handle of this tag is not defined"),
        ("*x", "1:1 no anchor has the name of this alias"),
        ("a\n---\nb\n...\n---\n", "--- a --- b --- "),
        ("%YAML 1.2\n---\n", "1:1 version 1.2 of YAML is not read"),
        ("a: \u{7f}", "1:4 the control character U+007F is not allowed"),
        ("é\na: \u{81}", "2:4 the control character U+0081 is not allowed"),
        ("{a: 1}{b: 2}", "1:7 the document has ended before this"),
    ]);
    assert_eq!(read("{a: 1}{b: 2}", Rest::Ignore), "--- { a 1 }");
}

#[test]
fn keys_end_within_1024_characters_and_depth_is_bounded() {
    let key = |length: usize| read(&format!("{}: v", "é".repeat(length)), Rest::Refuse);
    assert!(key(1024).starts_with("--- :{"));
    assert_eq!(key(1025), "1:1026 a `:` cannot stand here: this is no key of a mapping");
    for open in ["[", "{", "- ", "? ", "{a: "] {
        let deep = read(&open.repeat(60), Rest::Refuse);
        assert!(deep.ends_with("collections are nested more than 50 deep"), "{open} {deep}");
    }
}
