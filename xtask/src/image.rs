//! An image of nothing but the program: an archive in the layout of OCI, whose bytes depend on what is in it and on nothing else.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

/// Where the program looks for certificates.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const PROGRAM: &str = "usr/local/bin/hagane";

/// Writes the image of a program, and returns its digest.
pub(crate) fn write(program: &Path, certificates: &Path, output: &Path) -> Result<String, String> {
    let program_bytes = read(program)?;
    let architecture = architecture(&program_bytes)
        .ok_or_else(|| format!("{}: no program of Linux for x86-64 or ARM64", program.display()))?;
    let layer = layer(&program_bytes, &read(certificates)?).map_err(|error| format!("the layer: {error}"))?;
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        // The user of Argo CD's own images.
        "config": {"User": "999", "Entrypoint": [format!("/{PROGRAM}")]},
        "rootfs": {"type": "layers", "diff_ids": [name(&layer)]},
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described("application/vnd.oci.image.config.v1+json", &config),
        "layers": [described("application/vnd.oci.image.layer.v1.tar", &layer)],
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = described("application/vnd.oci.image.manifest.v1+json", &manifest);
    entry["platform"] = json!({"architecture": architecture, "os": "linux"});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    });
    let blobs = [config, manifest.clone(), layer];
    let written = archive(&blobs, &index, output);
    written.map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(name(&manifest))
}

/// Returns the digest of a file, in hexadecimal.
pub(crate) fn digest_of(file: &Path) -> Result<String, String> {
    read(file).map(|bytes| hexadecimal(&bytes))
}

/// Returns the files of the image: all of them root's, from the beginning of time.
fn layer(program: &[u8], certificates: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    for directory in ["etc/", "etc/ssl/", "etc/ssl/certs/"] {
        add(&mut tar, directory, 0o755, &[])?;
    }
    add(&mut tar, CERTIFICATES, 0o644, certificates)?;
    // Where scratch files lie, if no other place is mounted.
    add(&mut tar, "tmp/", 0o1777, &[])?;
    for directory in ["usr/", "usr/local/", "usr/local/bin/"] {
        add(&mut tar, directory, 0o755, &[])?;
    }
    add(&mut tar, PROGRAM, 0o755, program)?;
    tar.into_inner()
}

fn archive(blobs: &[Vec<u8>], index: &Value, output: &Path) -> std::io::Result<()> {
    let mut tar = Builder::new(BufWriter::new(File::create(output)?));
    add(&mut tar, "blobs/", 0o755, &[])?;
    add(&mut tar, "blobs/sha256/", 0o755, &[])?;
    for blob in blobs {
        add(&mut tar, &format!("blobs/sha256/{}", hexadecimal(blob)), 0o644, blob)?;
    }
    add(&mut tar, "index.json", 0o644, index.to_string().as_bytes())?;
    add(&mut tar, "oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    tar.into_inner()?.flush()
}

/// Adds a file, or a directory where the name ends with a slash.
fn add<W: Write>(tar: &mut Builder<W>, path: &str, mode: u32, content: &[u8]) -> std::io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(if path.ends_with('/') { EntryType::Directory } else { EntryType::Regular });
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    tar.append(&header, content)
}

/// Returns what an image says of a blob.
fn described(media_type: &str, blob: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": name(blob), "size": blob.len()})
}

fn name(blob: &[u8]) -> String {
    format!("sha256:{}", hexadecimal(blob))
}

fn hexadecimal(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what a program runs on, if it needs nothing but Linux: no other program is to load it.
fn architecture(program: &[u8]) -> Option<&'static str> {
    if !program.starts_with(b"\x7fELF\x02\x01") || has_interpreter(program)? {
        return None;
    }
    match program.get(18..20)? {
        [62, 0] => Some("amd64"),
        [183, 0] => Some("arm64"),
        _ => None,
    }
}

/// Returns whether a program of ELF names another that loads it.
fn has_interpreter(program: &[u8]) -> Option<bool> {
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = program.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    let mut kinds = (0..count).map(|place| number(start.checked_add(place * size)?, 4));
    kinds.try_fold(false, |found, kind| Some(found || kind? == 3))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program of ELF with one entry of a kind in its table.
    fn elf(machine: u8, kind: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[18], bytes[32], bytes[54], bytes[56], bytes[64]) = (machine, 64, 56, 1, kind);
        bytes
    }

    #[test]
    fn only_static_programs_are_taken() {
        assert_eq!(architecture(&elf(62, 1)), Some("amd64"));
        assert_eq!(architecture(&elf(183, 1)), Some("arm64"));
        assert_eq!(architecture(&elf(62, 3)), None);
        assert_eq!(architecture(&elf(40, 1)), None);
        assert_eq!(architecture(b"#!/bin/sh\n"), None);
        assert_eq!(architecture(&elf(62, 1)[..66]), None);
    }

    #[test]
    fn an_image_is_the_same_every_time() {
        let directory = std::env::temp_dir().join(format!("hagane-image-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("it is ours");
        let path = |name: &str| directory.join(name);
        std::fs::write(path("program"), elf(62, 1)).expect("it is ours");
        std::fs::write(path("certificates"), "none").expect("it is ours");
        let made = |output: &str| write(&path("program"), &path("certificates"), &path(output));
        let (first, second) = (made("first").expect("it is right"), made("second").expect("it is right"));
        assert_eq!(first, second);
        assert_eq!(first, "sha256:832c4b1e135285067b24b2e6de8f61fc615e9359bcfce1009b4992715e771a41");
        assert_eq!(digest_of(&path("first")), digest_of(&path("second")));
        std::fs::remove_dir_all(&directory).expect("it is ours");
    }
}
