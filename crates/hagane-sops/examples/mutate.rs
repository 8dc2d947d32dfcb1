//! Mutates files and looks for panics, hangs, and for files that are written so that they cannot be read.
//!
//! Usage: mutate TARGET SECONDS [SEED], where TARGET is yaml, json, dotenv, ini, binary, config, path, plain or kubesec

// An example is a program: it may read files, know the time, and print.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout)]

use std::cell::Cell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hagane_sops::{
    AgeKeyring, Config, Contents, DataKey, Format, Identities, KeyFailure, KeyPath, Keyring, MacCheck,
    MasterKey, Remembering, Sealing, SecretBytes, WrappedKey, decrypt_file, detect, kubesec, open_file,
    placeholders,
};

const KEYS: &str = include_str!("../tests/fixtures/keys.txt");
/// Longer than any input may take.
const TOO_LONG: Duration = Duration::from_secs(5);

const SEEDS: [(&str, &[u8]); 12] = [
    ("kubesec", KUBESEC.as_bytes()),
    ("yaml", include_bytes!("../tests/fixtures/yaml/kubernetes/enc.yaml")),
    ("yaml", include_bytes!("../tests/fixtures/yaml/types/enc.yaml")),
    ("yaml", include_bytes!("../tests/fixtures/yaml/comments/enc.yaml")),
    ("yaml", include_bytes!("../tests/fixtures/yaml/documents/enc.yaml")),
    ("yaml", include_bytes!("../tests/fixtures/yaml/shamir/enc.yaml")),
    ("json", include_bytes!("../tests/fixtures/json/nested/enc.json")),
    ("dotenv", include_bytes!("../tests/fixtures/dotenv/service/enc.env")),
    ("ini", include_bytes!("../tests/fixtures/ini/sections/enc.ini")),
    ("binary", include_bytes!("../tests/fixtures/binary/bytes/enc.bin")),
    ("config", b"keys: [&k age1a]\ncreation_rules:\n  - path_regex: ^a/.*\n    key_groups:\n      - age: [*k]\n        merge:\n          - pgp: [AB]\n    shamir_threshold: 2\n    encrypted_regex: ^data$\nstores: {yaml: {indent: 2}, json: {indent: -1}}\n"),
    ("path", br#"["a"][0]['b"c']["d]e"]"#),
];

struct Chance(Cell<u64>);

impl Chance {
    fn next(&self) -> u64 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        x
    }

    fn below(&self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }
}

/// What may be put anywhere.
const PIECES: [&[u8]; 30] = [
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b": ",
    b"- ",
    b"#",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b";",
    b"\\",
    b"\\n",
    b"|\n",
    b"&a ",
    b"*a",
    b"<<: ",
    b"---\n",
    b"sops:\n",
    b"__list_0__map_",
    b"ENC[AES256_GCM,data:",
    b",type:str]",
    b"!!binary ",
    b"\xff",
    b"\xe2\x80\xa8",
];

fn mutated(seed: &[u8], chance: &Chance) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(text.len() + 1);
        let length = chance.below(40).min(text.len() - at);
        match chance.below(6) {
            0 => _ = text.drain(at..at + length),
            1 => {
                let piece = PIECES[chance.below(PIECES.len())];
                text.splice(at..at, piece.iter().copied());
            }
            2 if at < text.len() => text[at] = chance.next() as u8,
            3 => {
                let part = text[at..at + length].to_vec();
                let to = chance.below(text.len() + 1);
                text.splice(to..to, part);
            }
            4 => text.truncate(at),
            _ => {
                let piece = PIECES[chance.below(PIECES.len())].repeat(chance.below(300));
                text.splice(at..at, piece);
            }
        }
    }
    text
}

/// A kubesec file under the data key of [`Known`].
const KUBESEC: &str = include_str!("../tests/fixtures/kubesec.yaml");

/// Knows the data key of the kubesec file, whatever is asked.
struct Known;

impl Keyring for Known {
    fn unwrap_key(&self, _: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        Ok(SecretBytes::new(vec![7; 32]))
    }

    fn wrap_key(&self, _: &mut MasterKey, _: &SecretBytes) -> Result<String, KeyFailure> {
        Err(KeyFailure::default())
    }
}

/// Wraps so that no age has to be asked: what is tried here are the files.
struct Plain(Remembering<AgeKeyring>);

impl Keyring for Plain {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.0.unwrap_key(key)
    }

    fn wrap_key(&self, key: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        self.0.wrap_key(key, data_key)
    }
}

fn try_file(text: &[u8], format: Format, keyring: &Plain, chance: &Chance) -> Result<(), &'static str> {
    let _ = detect(text, format);
    let _ = placeholders(text, format, Default::default());
    let opened = open_file(text, format, Default::default(), keyring, MacCheck::Ignored);
    let decrypted = decrypt_file(text, format, Default::default(), keyring);
    let Ok(opened) = opened else {
        return if decrypted.is_ok() { Err("a file that cannot be opened decrypts") } else { Ok(()) };
    };
    let mut contents = opened.contents().clone();
    if let (Ok(path), Ok(value)) =
        (KeyPath::parse("[\"stringData\"][\"user\"]"), hagane_sops::NewValue::of_json(b"\"x\""))
        && format != Format::Binary
        && format != Format::Dotenv
        && chance.below(2) == 0
    {
        let _ = contents.set(&path, value);
    }
    let random = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte = chance.next() as u8);
    let sealing =
        Sealing { keyring, random: &random, time: "2026-01-01T00:00:00Z", layout: Default::default() };
    let Ok(written) = opened.reseal(&contents, format, &sealing) else { return Ok(()) };
    match decrypt_file(&written, format, Default::default(), keyring) {
        Err(_) => Err("a file that was written cannot be opened"),
        Ok(read) if said(&read, format) != said(&contents, format) => {
            Err("a file that was written says something else")
        }
        Ok(_) => Ok(()),
    }
}

/// Returns what a file says; of INI without its comments, whose signs Go's library does not keep.
fn said(contents: &Contents, format: Format) -> Vec<u8> {
    let text = contents.to_bytes();
    let is_comment = |line: &&[u8]| format == Format::Ini && matches!(line.first(), Some(b'#' | b';'));
    let lines: Vec<&[u8]> =
        text.expose().split(|byte| *byte == b'\n').filter(|line| !is_comment(line)).collect();
    lines.join(&b'\n')
}

fn try_plain(text: &[u8], keyring: &Plain, chance: &Chance) -> Result<(), &'static str> {
    let key = MasterKey::Pgp("none".into());
    let _ = (key, DataKey::new(&SecretBytes::new(vec![0; 32])));
    for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini] {
        if let Ok(contents) = Contents::read(text, format, Default::default()) {
            for other in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini, Format::Binary] {
                let _ = contents.to_bytes_as(other, Default::default());
            }
        }
    }
    let _ = (keyring, chance);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(target), Some(seconds)) =
        (arguments.get(1), arguments.get(2).and_then(|text| text.parse().ok()))
    else {
        eprintln!("usage: mutate TARGET SECONDS [SEED]");
        return ExitCode::from(2);
    };
    let seed = arguments.get(3).and_then(|text| text.parse().ok()).unwrap_or(0x9e37_79b9_7f4a_7c15);
    let chance = Chance(Cell::new(seed));
    let mut identities = Identities::new();
    identities.add_text("keys.txt", KEYS);
    let keyring = Plain(Remembering::new(AgeKeyring::new(identities)));
    let wanted = if target == "plain" { "yaml" } else { target };
    let seeds: Vec<&[u8]> = SEEDS.iter().filter(|(name, _)| *name == wanted).map(|(_, text)| *text).collect();
    if seeds.is_empty() {
        eprintln!("there is no target `{target}`");
        return ExitCode::from(2);
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut count = 0u64;
    while Instant::now() < end {
        let text = mutated(seeds[chance.below(seeds.len())], &chance);
        let start = Instant::now();
        let tried = match Format::of_name(target) {
            Some(format) => try_file(&text, format, &keyring, &chance),
            None if target == "kubesec" => {
                let known = Known;
                let _ = kubesec::is_kubesec(&text);
                let _ = kubesec::placeholders(&text, Default::default());
                let _ = kubesec::decrypt(&text, Default::default(), &known, kubesec::WithoutMac::Opened);
                Ok(())
            }
            None if target == "plain" => try_plain(&text, &keyring, &chance),
            None => {
                let text = String::from_utf8_lossy(&text);
                let _ = Config::read(&text, Default::default(), &[]);
                let _ = KeyPath::parse(&text);
                Ok(())
            }
        };
        if let Err(problem) = tried {
            println!("{problem}:\n{}", String::from_utf8_lossy(&text));
            return ExitCode::FAILURE;
        }
        if start.elapsed() > TOO_LONG {
            println!("it takes {:?}:\n{}", start.elapsed(), String::from_utf8_lossy(&text));
            return ExitCode::FAILURE;
        }
        count += 1;
    }
    println!("{target}: {count} inputs, nothing found");
    ExitCode::SUCCESS
}
