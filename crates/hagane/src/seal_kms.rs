//! The other way round: a Secret whose values a key of a KMS encrypts one by one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane_sops::{Keyring, MasterKey, SecretBytes};
use hagane_yaml::emit::v3;
use hagane_yaml::{Entry, FileId, Mapping, Node, ParseOptions, Span};
use zeroize::Zeroizing;

use crate::decrypt::{KMS_ANNOTATION, KMS_CONTEXT_ANNOTATION, kms_key};
use crate::{Diagnostic, Fault};

/// Bytes that `Encrypt` of AWS KMS takes.
const MAX_OF_AWS: usize = 4096;

/// The fields whose values are encrypted.
const VALUES: [&str; 2] = ["data", "stringData"];
/// The other fields of a Secret. What stands under any other name stays plain, a misspelt `stringData` say.
const OTHERS: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];
/// The annotation in which `kubectl apply` keeps all that it was given, the values too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns the Secret of a text with every value encrypted by a key, and with the annotations by which
/// [`render`](crate::render) decrypts it. `name` and `context` are as those annotations have them; what stood in `stringData` stands in
/// `data` then.
pub fn seal_kms(
    text: &str,
    file: FileId,
    name: &str,
    context: &str,
    keyring: &dyn Keyring,
) -> Result<String, Diagnostic> {
    let top = Span { file, line: 1, column: 1 };
    let key = kms_key(name, context)
        .map_err(|message| Diagnostic::error(Span::default(), message).with_fault(Fault::Usage))?;
    let options = ParseOptions { comments: true, ..ParseOptions::default() };
    let mut documents = hagane_yaml::parse(text, file, &options).map_err(Diagnostic::from)?;
    let (Some(Node::Mapping(mut secret)), true) = (documents.pop(), documents.is_empty()) else {
        return Err(Diagnostic::error(top, "there is to be one Secret, and nothing else"));
    };
    let is = |field: &str, wanted: &str| secret.get(field).and_then(Node::as_str) == Some(wanted);
    if !is("kind", "Secret") || !is("apiVersion", "v1") {
        return Err(Diagnostic::error(top, "it is no Secret: its values would not be decrypted")
            .hinted("`apiVersion: v1` and `kind: Secret`"));
    }
    refuse_odd(&secret)?;
    annotate(&mut secret, name, context)?;
    let mut sealed = Mapping::default();
    for field in VALUES {
        let Some(Node::Mapping(values)) = secret.get(field) else { continue };
        for entry in &values.entries {
            sealed.set(entry.key.text.as_str(), Node::string(seal(entry, field, &key, keyring)?));
        }
    }
    if sealed.entries.is_empty() {
        return Err(Diagnostic::error(top, "the Secret has no values: nothing would be encrypted"));
    }
    let field = if secret.get("data").is_some() { "data" } else { "stringData" };
    if let Some(entry) = secret.entries.iter_mut().find(|entry| entry.key.text.as_str() == field) {
        entry.key.text = "data".into();
        entry.value = Node::Mapping(sealed);
    }
    secret.remove("stringData");
    let options = v3::Options { indent: 2, ..v3::Options::default() };
    Ok(v3::write(&[Node::Mapping(secret)], &options).to_string())
}

/// Refuses a Secret in which something plain would stay, or be lost.
fn refuse_odd(secret: &Mapping) -> Result<(), Diagnostic> {
    let wrong = |span, message: String| Diagnostic { quotable: false, ..Diagnostic::error(span, message) };
    for entry in &secret.entries {
        let name = entry.key.text.shown();
        if !VALUES.contains(&name) && !OTHERS.contains(&name) {
            let message = format!("`{name}` is no field of a Secret, and would stay as it is");
            return Err(wrong(entry.key.span, message).hinted("values stand in `data` and `stringData`"));
        }
    }
    let metadata = secret.get("metadata").and_then(Node::as_mapping);
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    let fields = VALUES.map(|field| (field, secret.get(field)));
    for (field, node) in [("metadata", secret.get("metadata")), ("metadata.annotations", annotations)]
        .into_iter()
        .chain(fields)
    {
        if let Some(node) = node.filter(|node| node.as_mapping().is_none() && !node.is_null()) {
            return Err(wrong(node.span(), format!("`{field}` is no mapping")));
        }
    }
    if let Some(entry) = annotations.and_then(Node::as_mapping).and_then(|found| found.entry(LAST_APPLIED)) {
        let message = format!("the annotation `{LAST_APPLIED}` holds the values, and would stay as it is");
        return Err(wrong(entry.key.span, message).hinted("take it out"));
    }
    Ok(())
}

fn seal(entry: &Entry, field: &str, key: &MasterKey, keyring: &dyn Keyring) -> Result<String, Diagnostic> {
    let name = entry.key.text.as_str();
    let wrong =
        |message: String| Diagnostic { quotable: false, ..Diagnostic::error(entry.value.span(), message) };
    let text = match entry.value.as_str() {
        Some(text) => text,
        None if entry.value.is_null() => "",
        None => return Err(wrong(format!("`{field}.{name}` is no text"))),
    };
    let plain = match field {
        "data" => {
            let bare = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
            BASE64_STANDARD
                .decode(bare.as_bytes())
                .map_err(|_| wrong(format!("`data.{name}` is not base64")))?
        }
        _ => text.as_bytes().to_vec(),
    };
    let plain = SecretBytes::new(plain);
    let length = plain.expose().len();
    if length == 0 {
        return Err(
            wrong(format!("`{field}.{name}` is empty, and a KMS encrypts something")).hinted("take it out")
        );
    }
    if matches!(key, MasterKey::AwsKms(_)) && length > MAX_OF_AWS {
        return Err(wrong(format!("`{field}.{name}` has {length} bytes, and AWS KMS takes {MAX_OF_AWS}"))
            .hinted("`hagane sops encrypt` has no such limit"));
    }
    keyring.wrap_key(&mut key.clone(), &plain).map_err(|failure| {
        let mut error =
            wrong(format!("cannot encrypt `{field}.{name}` with {key}")).with_fault(Fault::Access);
        error.notes =
            failure.tried.iter().map(|tried| format!("{} {}", tried.source, tried.reason)).collect();
        error
    })
}

/// Writes the annotations; a Secret that has them is sealed.
fn annotate(secret: &mut Mapping, name: &str, context: &str) -> Result<(), Diagnostic> {
    let metadata = below(secret, "metadata");
    let annotations = below(metadata, "annotations");
    if let Some(entry) = annotations.entry(KMS_ANNOTATION) {
        let message = format!("the annotation `{KMS_ANNOTATION}` is there: the Secret is sealed already");
        return Err(Diagnostic::error(entry.key.span, message));
    }
    annotations.set(KMS_ANNOTATION, Node::string(name));
    if !context.is_empty() {
        annotations.set(KMS_CONTEXT_ANNOTATION, Node::string(context));
    }
    Ok(())
}

/// Returns the mapping of a field, which is made where there is none.
fn below<'m>(mapping: &'m mut Mapping, field: &str) -> &'m mut Mapping {
    if mapping.get(field).is_none_or(|node| node.as_mapping().is_none()) {
        mapping.set(field, Node::mapping());
    }
    match mapping.get_mut(field) {
        Some(Node::Mapping(inner)) => inner,
        _ => unreachable!("the field was made a mapping"),
    }
}
