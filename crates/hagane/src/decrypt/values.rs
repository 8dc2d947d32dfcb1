//! What is encrypted value by value in a Secret that is plain itself: raw ciphertexts of a KMS, and encrypted files in
//! base64, as Flux takes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hagane_kustomize::Source;
use hagane_resource::Resource;
use hagane_sops::{Format, Keyring, MasterKey, PLACEHOLDER, WrappedKey, decrypt_file, detect, placeholders};
use hagane_yaml::{Entry, Node, Span, Text};
use zeroize::Zeroizing;

use crate::{Diagnostic, Fault, SecretsMode};

/// The annotation of a Secret whose values a key of a KMS has encrypted one by one: the ARN or resource name of the key.
pub const KMS_ANNOTATION: &str = "hagane.dev/kms";
/// The annotation with the encryption context of those values: `NAME:VALUE`, with commas.
pub const KMS_CONTEXT_ANNOTATION: &str = "hagane.dev/kms-encryption-context";
/// Flux's annotation, by which it leaves a resource encrypted.
const FLUX: (&str, &str) = ("kustomize.toolkit.fluxcd.io/decrypt", "disabled");

/// Decrypts the values of a Secret, where they are encrypted.
pub(super) fn decrypt(
    secret: &mut Resource,
    mode: SecretsMode,
    keyring: &dyn Keyring,
    warnings: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    let key = match secret.metadata_entry("annotations", KMS_ANNOTATION) {
        Some(name) => Some(key(name, secret)?),
        None if secret.metadata_entry("annotations", FLUX.0) == Some(FLUX.1) => return Ok(()),
        None => None,
    };
    let mut values = Vec::new();
    for entry in data(secret.tree()).iter().filter(|entry| !entry.value.is_null()) {
        let opened = match &key {
            Some(key) => Some(raw(entry, key, mode, keyring)?),
            None => file(entry, mode, keyring, warnings).transpose()?,
        };
        values.extend(opened.map(|opened| (entry.key.text.as_str().to_owned(), opened)));
    }
    if key.is_some() {
        refuse_plain(secret.tree())?;
    } else if values.is_empty() {
        return Ok(());
    }
    secret.edit(|tree| {
        if let Some(Node::Mapping(data)) = tree.get_mut("data") {
            for (key, value) in values {
                let text = Zeroizing::new(BASE64_STANDARD.encode(&*value));
                data.set(&key, Node::string(Text::with_mark(text.as_str(), mode.is_marked())));
            }
        }
        // What is decrypted must not be taken for ciphertext once more.
        take_annotations(tree);
    });
    Ok(())
}

/// Returns whether any value of a Secret is encrypted.
pub(super) fn are_encrypted(secret: &Resource) -> bool {
    let is_file = |entry: &Entry| {
        let text: Option<String> = entry.value.as_str().map(|text| text.split_ascii_whitespace().collect());
        let content = text.and_then(|text| BASE64_STANDARD.decode(text).ok());
        content.is_some_and(|content| detect(&content, Format::of_path(entry.key.text.shown())).is_some())
    };
    secret.metadata_entry("annotations", KMS_ANNOTATION).is_some() || data(secret.tree()).iter().any(is_file)
}

fn data(tree: &Node) -> &[Entry] {
    tree.get("data").and_then(Node::as_mapping).map_or(&[], |data| &data.entries)
}

/// Returns the key that the annotations of a Secret name.
fn key(name: &str, secret: &Resource) -> Result<MasterKey, Diagnostic> {
    let at =
        secret.tree().at(&["metadata", "annotations", KMS_ANNOTATION]).map_or(Span::default(), Node::span);
    let context = secret.metadata_entry("annotations", KMS_CONTEXT_ANNOTATION).unwrap_or_default();
    kms_key(name, context).map_err(|message| {
        Diagnostic::error(at, message).hinted(
            "write `arn:aws:kms:REGION:ACCOUNT:key/ID` or `projects/…/locations/…/keyRings/…/cryptoKeys/…`",
        )
    })
}

/// Returns the key of a name and an encryption context as the annotations have them, or what is wrong with them.
pub(crate) fn kms_key(name: &str, context: &str) -> Result<MasterKey, String> {
    let pairs = context.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let context: Vec<(String, String)> = pairs
        .map(|pair| match pair.split_once(':') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(format!("`{pair}` is not `NAME:VALUE`, as an encryption context is")),
        })
        .collect::<Result<_, _>>()?;
    if name.starts_with("arn:") {
        return Ok(MasterKey::aws_kms(name, &context, ""));
    }
    match (name.starts_with("projects/"), context.is_empty()) {
        (true, true) => Ok(MasterKey::gcp_kms(name)),
        (true, false) => Err("keys of Google Cloud have no encryption context".to_owned()),
        (false, _) => Err(format!("`{name}` is neither a key of AWS KMS nor one of Google Cloud KMS")),
    }
}

/// Returns the values of a file that keys of a KMS have encrypted, for whoever asks for them ahead.
pub(super) fn raw_values(source: &Source) -> Vec<WrappedKey> {
    if memchr::memmem::find(&source.bytes, KMS_ANNOTATION.as_bytes()).is_none() {
        return Vec::new();
    }
    let resources =
        source.text().ok().and_then(|text| hagane_resource::read_documents(text, source.file).ok());
    let mut values = Vec::new();
    for secret in resources.unwrap_or_default().iter().filter(|resource| resource.gvk().kind == "Secret") {
        let name = secret.metadata_entry("annotations", KMS_ANNOTATION);
        if let Some(Ok(key)) = name.map(|name| key(name, secret)) {
            values.extend(data(secret.tree()).iter().filter_map(|entry| wrapped(entry, &key).ok()));
        }
    }
    values
}

/// Returns a value as its key has wrapped it.
fn wrapped(entry: &Entry, key: &MasterKey) -> Result<WrappedKey, Diagnostic> {
    let (name, span) = (entry.key.text.shown(), entry.value.span());
    let enc: String = entry.value.as_str().unwrap_or_default().split_ascii_whitespace().collect();
    if enc.is_empty() || BASE64_STANDARD.decode(&enc).is_err() {
        let message = format!("`data.{name}` should be a ciphertext of {key} in base64, and is not");
        let error = Diagnostic { quotable: false, ..Diagnostic::error(span, message) };
        return Err(error.hinted("`hagane secrets seal-kms` encrypts the values of a Secret"));
    }
    Ok(WrappedKey { key: key.clone(), enc, created_at: String::new(), span })
}

/// Returns what a key of a KMS has encrypted.
fn raw(
    entry: &Entry,
    key: &MasterKey,
    mode: SecretsMode,
    keyring: &dyn Keyring,
) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    let wrapped = wrapped(entry, key)?;
    if mode.is_placeholder() {
        return Ok(placeholder());
    }
    match keyring.unwrap_key(&wrapped) {
        Ok(plain) => Ok(Zeroizing::new(plain.expose().to_vec())),
        Err(failure) => {
            let message = format!("cannot decrypt `data.{}` with {key}", entry.key.text.shown());
            let mut error = Diagnostic::error(wrapped.span, message).with_fault(Fault::Access);
            error.notes =
                failure.tried.iter().map(|tried| format!("{} {}", tried.source, tried.reason)).collect();
            Err(error)
        }
    }
}

fn placeholder() -> Zeroizing<Vec<u8>> {
    // Its base64 is the text itself.
    Zeroizing::new(BASE64_STANDARD.decode(PLACEHOLDER).unwrap_or_default())
}

/// Returns what an encrypted file in base64 holds; nothing for any other value.
fn file(
    entry: &Entry,
    mode: SecretsMode,
    keyring: &dyn Keyring,
    warnings: &mut Vec<Diagnostic>,
) -> Option<Result<Zeroizing<Vec<u8>>, Diagnostic>> {
    let text: String = entry.value.as_str()?.split_ascii_whitespace().collect();
    let content = BASE64_STANDARD.decode(text).ok()?;
    let (name, span) = (entry.key.text.shown(), entry.value.span());
    let format = detect(&content, Format::of_path(name))?;
    let opened = match mode {
        mode if mode.is_placeholder() => placeholders(&content, format, span.file),
        _ => decrypt_file(&content, format, span.file, keyring),
    };
    Some(match opened {
        Ok(contents) => {
            let about = |message| {
                Diagnostic::warning(span, format!("the encrypted file in `data.{name}`: {message}"))
            };
            warnings.extend(contents.warnings().iter().map(|warning| about(warning.message)));
            Ok(Zeroizing::new(contents.to_bytes().expose().to_vec()))
        }
        Err(error) => {
            let inner = super::diagnostic(&error, span.file);
            let message = format!("the encrypted file in `data.{name}`: {}", inner.message);
            Err(Diagnostic { message, span, quotable: false, ..inner })
        }
    })
}

/// Refuses a Secret of a KMS that has a plain value beside its ciphertexts.
fn refuse_plain(tree: &Node) -> Result<(), Diagnostic> {
    let texts =
        tree.get("stringData").and_then(Node::as_mapping).into_iter().flat_map(|texts| &texts.entries);
    let mut plain = texts.filter(|entry| entry.value.as_str().is_some_and(|text| !text.is_empty()));
    let Some(entry) = plain.next() else { return Ok(()) };
    let message = format!("`stringData.{}` should be encrypted, and is not", entry.key.text.shown());
    let error = Diagnostic { quotable: false, ..Diagnostic::error(entry.value.span(), message) };
    Err(error.hinted("`hagane secrets seal-kms` encrypts it; if it was ever pushed, change it"))
}

fn take_annotations(tree: &mut Node) {
    let Some(Node::Mapping(metadata)) = tree.get_mut("metadata") else { return };
    if let Some(Node::Mapping(annotations)) = metadata.get_mut("annotations") {
        [KMS_ANNOTATION, KMS_CONTEXT_ANNOTATION].iter().for_each(|name| _ = annotations.remove(name));
        if annotations.entries.is_empty() {
            metadata.remove("annotations");
        }
    }
}
