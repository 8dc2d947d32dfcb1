//! The comments of a kubesec file: its version, who can open it, and its MAC.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane_yaml::{FileId, Span};

use crate::{DecryptError, MasterKey, WrappedKey};

/// How each of the comments begins.
const MARK: &[u8] = b"# kubesec:";
/// The fields that the comments have.
const FIELDS: [&[u8]; 5] = [b"v:", b"pgp:", b"gcp:", b"aws:", b"mac:"];
/// The newest version there was.
const NEWEST: u8 = 4;
/// The version from which on every file has a MAC.
const WITH_MAC: u8 = 3;
/// The version from which on there were keys of services.
const WITH_SERVICES: u8 = 2;
/// More keys than any file has; each one costs an attempt.
const MAX_KEYS: usize = 1000;

/// What the comments say.
pub(super) struct Header {
    pub(super) version: u8,
    pub(super) keys: Vec<WrappedKey>,
    pub(super) mac: Option<(String, Span)>,
    pub(super) span: Span,
}

/// Returns whether there is any such comment. It begins in the first column, where no value of a Secret can stand.
pub(super) fn is_there(text: &[u8]) -> bool {
    memchr::memmem::find(text, MARK).is_some() && lines(text).any(is_comment)
}

/// Returns the text with empty lines in the comments' place, so that all others keep their position.
pub(super) fn without(text: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = lines(text).map(|line| if is_comment(line) { b"" } else { line }).collect();
    lines.join(&b'\n')
}

/// Returns the place of a key among the kinds, as kubesec sorts them.
pub(super) fn rank(key: &MasterKey) -> usize {
    match key {
        MasterKey::Pgp(_) => 0,
        MasterKey::GcpKms(_) => 1,
        _ => 2,
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

fn is_comment(line: &[u8]) -> bool {
    let field = line.strip_prefix(MARK);
    field.is_some_and(|field| FIELDS.iter().any(|known| field.starts_with(known)))
}

impl Header {
    pub(super) fn read(text: &[u8], file: FileId) -> Result<Header, DecryptError> {
        let (mut version, mut mac, mut keys) = (None, None, Vec::new());
        for (index, line) in lines(text).enumerate().filter(|(_, line)| is_comment(line)) {
            let span = Span { file, line: index as u32 + 1, column: 1 };
            let bad = |problem| DecryptError::BadKubesec { span, problem };
            let line =
                std::str::from_utf8(&line[MARK.len()..]).map_err(|_| bad("the comment is not text"))?;
            let (field, rest) = line.trim_end().split_once(':').unwrap_or((line, ""));
            match field {
                "v" if version.is_some() => return Err(bad("the version is there twice")),
                "v" => version = Some((version_of(rest).map_err(bad)?, span)),
                "mac" if mac.is_some() => return Err(bad("the MAC is there twice")),
                "mac" => mac = Some((rest.to_owned(), span)),
                _ => keys.push(key(field, rest, span)?),
            }
        }
        let first = keys.first().map_or_else(|| Span { file, line: 1, column: 1 }, |key| key.span);
        let bad = |problem| Err(DecryptError::BadKubesec { span: first, problem });
        let Some((version, span)) = version else {
            return bad("the comment with the version, `# kubesec:v:`, is missing");
        };
        if keys.is_empty() {
            return Err(DecryptError::BadKubesec { span, problem: "no comment says who can open the file" });
        }
        if keys.len() > MAX_KEYS {
            return bad("there are more than 1000 keys");
        }
        if version < WITH_SERVICES && keys.iter().any(|key| !matches!(key.key, MasterKey::Pgp(_))) {
            return bad("a file of this version has keys of OpenPGP alone: its version was altered");
        }
        if version >= WITH_MAC && mac.is_none() {
            return Err(DecryptError::MacMissing { span });
        }
        Ok(Header { version, keys, mac, span })
    }
}

fn version_of(text: &str) -> Result<u8, &'static str> {
    match text.parse() {
        Ok(version @ 1..=NEWEST) => Ok(version),
        _ => Err("the version is none that kubesec ever had: 1 to 4"),
    }
}

/// Returns the key of a comment. What is wrapped stands behind the last colon: an ARN has colons, too.
fn key(field: &str, text: &str, span: Span) -> Result<WrappedKey, DecryptError> {
    let bad = |problem| DecryptError::BadKubesec { span, problem };
    let (id, enc) = text.rsplit_once(':').ok_or_else(|| bad("the comment names no key, or wraps nothing"))?;
    if id.is_empty() || enc.is_empty() {
        return Err(bad("the comment names no key, or wraps nothing"));
    }
    let (key, enc) = match field {
        "pgp" => {
            (MasterKey::Pgp(id.to_owned()), armored(enc).ok_or_else(|| bad("what is wrapped is not base64"))?)
        }
        "gcp" => (MasterKey::GcpKms(id.to_owned()), enc.to_owned()),
        _ => (MasterKey::aws_kms(id, &[], ""), enc.to_owned()),
    };
    Ok(WrappedKey { key, enc, created_at: String::new(), span })
}

/// Returns an OpenPGP message in armor, as SOPS files have it.
fn armored(enc: &str) -> Option<String> {
    let message = BASE64_STANDARD.decode(enc).ok()?;
    if message.starts_with(b"-----BEGIN PGP MESSAGE") {
        return String::from_utf8(message).ok();
    }
    let encoded = BASE64_STANDARD.encode(&message);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / 64 + 80);
    text.push_str("-----BEGIN PGP MESSAGE-----\n\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    let sum = checksum(&message).to_be_bytes();
    text.push_str(&format!("={}\n-----END PGP MESSAGE-----\n", BASE64_STANDARD.encode(&sum[1..])));
    Some(text)
}

/// Returns the CRC-24 of RFC 4880, without which gpg does not see where a message ends.
fn checksum(bytes: &[u8]) -> u32 {
    const START: u32 = 0xb7_04ce;
    const GENERATOR: u32 = 0x186_4cfb;
    bytes.iter().fold(START, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 16, |sum, _| {
            let sum = sum << 1;
            if sum & 0x100_0000 == 0 { sum } else { sum ^ GENERATOR }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armor_ends_with_its_checksum() {
        let check = |enc: &str, sum: &str| {
            let armored = armored(enc).unwrap_or_default();
            assert_eq!(armored.lines().find(|line| line.starts_with('=')), Some(sum), "{armored}");
        };
        // As `gpg --enarmor` writes them.
        check("", "=twTO");
        check("MTIzNDU2Nzg5", "=Ic8C");
        check("LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCj14Cg==", "=x");
    }
}
