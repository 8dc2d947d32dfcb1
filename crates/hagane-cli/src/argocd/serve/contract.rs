//! The messages of Argo CD's plugin service, by the numbers of its fields.

use hagane_host::grpc::Bytes;
use hagane_host::protobuf::{field, fields, number_field, number_in};
use serde_json::Value;
use zeroize::Zeroizing;

pub(in crate::argocd) const GENERATE: &str = "/plugin.ConfigManagementPluginService/GenerateManifest";
pub(in crate::argocd) const CHECK: &str = "/plugin.ConfigManagementPluginService/CheckPluginConfiguration";
pub(in crate::argocd) const MATCH: &str = "/plugin.ConfigManagementPluginService/MatchRepository";
pub(in crate::argocd) const PARAMETERS: &str =
    "/plugin.ConfigManagementPluginService/GetParametersAnnouncement";
pub(in crate::argocd) const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// The service, as health checks name it.
const SERVICE: &str = "plugin.ConfigManagementPluginService";
/// The most variables of a request.
const MAX_VARIABLES: usize = 10_000;

/// What a repository comes with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::argocd) struct Metadata {
    /// Where the application lies in it.
    pub(in crate::argocd) path: String,
    /// The SHA-256 of the archive, in hexadecimal.
    pub(in crate::argocd) checksum: String,
    /// The bytes of the archive.
    pub(in crate::argocd) size: u64,
    /// The variables of the request.
    pub(in crate::argocd) environment: Vec<(String, String)>,
}

/// A message of a request about a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Metadata(Metadata),
    Chunk(Bytes),
}

/// Reads a message of a request. What nobody writes is no message.
pub(super) fn part(message: &Bytes) -> Option<Part> {
    match fields(message)?.pop()? {
        (1, metadata) => self::metadata(metadata).map(Part::Metadata),
        (2, file) => {
            let chunk = fields(file)?.into_iter().rfind(|(number, _)| *number == 1);
            Some(Part::Chunk(chunk.map_or_else(Bytes::new, |(_, chunk)| message.slice_ref(chunk))))
        }
        _ => None,
    }
}

fn metadata(message: &[u8]) -> Option<Metadata> {
    let mut metadata = Metadata { size: number_in(message, 4)?, ..Metadata::default() };
    for (number, value) in fields(message)? {
        let text = || std::str::from_utf8(value).ok().map(str::to_owned);
        match number {
            2 => metadata.path = text()?,
            3 => metadata.checksum = text()?,
            5 if metadata.environment.len() == MAX_VARIABLES => return None,
            5 => {
                let pair = fields(value)?;
                let part = |wanted: u64| {
                    let found = pair.iter().rfind(|(number, _)| *number == wanted).map(|(_, value)| *value);
                    std::str::from_utf8(found.unwrap_or_default()).ok().map(str::to_owned)
                };
                metadata.environment.push((part(1)?, part(2)?));
            }
            _ => {}
        }
    }
    Some(metadata)
}

/// Returns the first message of a request.
pub(in crate::argocd) fn metadata_message(metadata: &Metadata) -> Vec<u8> {
    let mut inner = Vec::new();
    let name = metadata.path.rsplit('/').next().unwrap_or_default();
    for (number, text) in [(1, name), (2, metadata.path.as_str()), (3, metadata.checksum.as_str())] {
        field(number, text.as_bytes(), &mut inner);
    }
    number_field(4, metadata.size, &mut inner);
    for (name, value) in &metadata.environment {
        let mut pair = Vec::new();
        field(1, name.as_bytes(), &mut pair);
        field(2, value.as_bytes(), &mut pair);
        field(5, &pair, &mut inner);
    }
    let mut message = Vec::new();
    field(1, &inner, &mut message);
    message
}

/// Returns a message with a part of the archive.
pub(in crate::argocd) fn chunk_message(chunk: &[u8]) -> Vec<u8> {
    let (mut inner, mut message) = (Vec::new(), Vec::new());
    field(1, chunk, &mut inner);
    field(2, &inner, &mut message);
    message
}

/// Returns the answer with manifests.
pub(super) fn manifests(documents: &[Zeroizing<String>]) -> Zeroizing<Vec<u8>> {
    // Not moved while it is written: what is moved leaves a copy behind.
    let length = documents.iter().map(|document| document.len() + 11).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    documents.iter().for_each(|document| field(1, document.as_bytes(), &mut message));
    message
}

/// Reads the manifests of an answer.
pub(in crate::argocd) fn read_manifests(message: &[u8]) -> Option<Vec<&str>> {
    let manifests = fields(message)?.into_iter().filter(|(number, _)| *number == 1);
    manifests.map(|(_, manifest)| std::str::from_utf8(manifest).ok()).collect()
}

/// Returns the answer that says what the plugin is asked for.
pub(super) fn configuration(discovers: bool) -> Vec<u8> {
    let mut message = Vec::new();
    if discovers {
        number_field(1, 1, &mut message);
    }
    message
}

/// Returns the answer that says whether an application is one of the plugin's.
pub(super) fn matched(is_ours: bool, discovers: bool) -> Vec<u8> {
    let mut message = Vec::new();
    for (number, value) in [(1, is_ours), (2, discovers)] {
        if value {
            number_field(number, 1, &mut message);
        }
    }
    message
}

/// Returns the answer that announces parameters, from the list that `hagane argocd parameters` prints.
pub(super) fn announcements(parameters: &[Value]) -> Vec<u8> {
    let mut message = Vec::new();
    for parameter in parameters {
        let mut inner = Vec::new();
        let texts = [
            (1, "name"),
            (2, "title"),
            (3, "tooltip"),
            (5, "itemType"),
            (6, "collectionType"),
            (7, "string"),
        ];
        for (number, name) in texts {
            if let Some(text) = parameter.get(name).and_then(Value::as_str) {
                field(number, text.as_bytes(), &mut inner);
            }
        }
        if parameter.get("required").and_then(Value::as_bool) == Some(true) {
            number_field(4, 1, &mut inner);
        }
        for item in parameter.get("array").and_then(Value::as_array).into_iter().flatten() {
            field(8, item.as_str().unwrap_or_default().as_bytes(), &mut inner);
        }
        for (key, value) in parameter.get("map").and_then(Value::as_object).into_iter().flatten() {
            let mut pair = Vec::new();
            field(1, key.as_bytes(), &mut pair);
            field(2, value.as_str().unwrap_or_default().as_bytes(), &mut pair);
            field(9, &pair, &mut inner);
        }
        field(1, &inner, &mut message);
    }
    message
}

/// Returns whether a health check asks for this server or its service.
pub(super) fn is_known(check: &[u8]) -> Option<bool> {
    let named = fields(check)?.into_iter().rfind(|(number, _)| *number == 1).map(|(_, name)| name);
    Some(named.is_none_or(|name| name.is_empty() || name == SERVICE.as_bytes()))
}

/// Returns the answer of a server that works.
pub(super) fn serving() -> Vec<u8> {
    let mut message = Vec::new();
    number_field(1, 1, &mut message);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_are_written() {
        let metadata = Metadata {
            path: "overlays/a".into(),
            checksum: "00ff".into(),
            size: 300,
            environment: vec![("A".into(), "b=c\n".into()), ("EMPTY".into(), String::new())],
        };
        let message = Bytes::from(metadata_message(&metadata));
        assert_eq!(part(&message), Some(Part::Metadata(metadata)));
        for length in 0..message.len() {
            // Whatever is cut, nothing panics.
            let _ = part(&message.slice(..length));
        }
        let chunk = Bytes::from(chunk_message(&[7; 1000]));
        assert_eq!(part(&chunk), Some(Part::Chunk(Bytes::from(vec![7; 1000]))));
        assert_eq!(part(&Bytes::from_static(b"\x12\x00")), Some(Part::Chunk(Bytes::new())));
        assert_eq!(part(&Bytes::new()), None);
        assert_eq!(part(&Bytes::from_static(b"\x1a\x00")), None);
    }

    #[test]
    fn answers_have_the_numbers_of_the_contract() {
        let documents = ["a: 1\n", "b: 2\n"].map(|text| Zeroizing::new(text.to_owned()));
        let message = manifests(&documents);
        assert_eq!(message.as_slice(), b"\x0a\x05a: 1\n\x0a\x05b: 2\n");
        assert_eq!(read_manifests(&message), Some(vec!["a: 1\n", "b: 2\n"]));
        assert_eq!(configuration(true), b"\x08\x01");
        assert_eq!(configuration(false), b"");
        assert_eq!(matched(true, true), b"\x08\x01\x10\x01");
        assert_eq!(matched(false, true), b"\x10\x01");
        assert_eq!(serving(), b"\x08\x01");
        let parameters = serde_json::json!([
            {"name": "n", "required": true, "collectionType": "map", "map": {"k": "v"}, "array": ["x"]}
        ]);
        let expected = b"\x0a\x15\x0a\x01n\x32\x03map\x20\x01\x42\x01x\x4a\x06\x0a\x01k\x12\x01v";
        assert_eq!(announcements(parameters.as_array().unwrap()), expected);
    }

    #[test]
    fn health_is_asked_for_by_name() {
        let check = |message: &[u8], expected: Option<bool>| assert_eq!(is_known(message), expected);
        check(b"", Some(true));
        check(b"\x0a\x00", Some(true));
        check(&[b"\x0a\x24".as_slice(), SERVICE.as_bytes()].concat(), Some(true));
        check(b"\x0a\x01x", Some(false));
        check(b"\x0a\x09", None);
    }
}
