//! kubesec files, and Secrets whose values a KMS encrypted, from their files to what is rendered: Google Cloud KMS holds the key.

#[path = "../../../hagane-sops/tests/kubesec/generator.rs"]
mod generator;

use std::path::Path;

use hagane::{FileId, MemoryFiles, RenderOptions, World, render, seal_kms};

use self::generator::{Plain, seal};
use super::server::{Asked, Server};
use super::{DATA_KEY, with_keys};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

/// A KMS whose ciphertexts are the plaintexts behind an `X`.
fn kms(_number: usize, asked: &Asked) -> (u16, String) {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    let text = asked.body.split('"').nth(3).unwrap_or_default();
    let bytes = BASE64_STANDARD.decode(text).unwrap_or_default();
    if asked.line.ends_with(":encrypt") {
        return (
            200,
            format!(r#"{{"ciphertext":"{}"}}"#, BASE64_STANDARD.encode([b"X", &bytes[..]].concat())),
        );
    }
    match bytes.strip_prefix(b"X") {
        Some(plain) => (200, format!(r#"{{"plaintext":"{}"}}"#, BASE64_STANDARD.encode(plain))),
        None => (400, r#"{"error":{"message":"decryption failed"}}"#.into()),
    }
}

/// Renders a file, and returns the output, or the messages with their notes.
fn check(server: &Server, content: &str, want: &str) {
    let files =
        MemoryFiles::new().with("/kustomization.yaml", "resources: [a.yaml]\n").with("/a.yaml", content);
    let variables = [("SOPS_GCP_KMS_ENDPOINT", server.url.as_str()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "token")];
    let got = with_keys(&variables, &files, |keys| {
        let world = World::new(&files, keys, Path::new("/"));
        match render(&world, Path::new("."), &RenderOptions::default()) {
            Ok(rendered) => {
                assert!(rendered.holds_secrets(), "{content}");
                rendered.to_yaml(Default::default()).map(|text| text.to_string()).unwrap()
            }
            Err(failed) => {
                let said = failed.diagnostics.iter().map(|d| format!("{} {}", d.message, d.notes.join(" ")));
                said.collect::<Vec<_>>().join("\n")
            }
        }
    });
    assert_eq!(got, want, "{content}");
}

#[test]
fn a_kubesec_file() {
    let server = Server::new(kms);
    let wrapped = [b"X", DATA_KEY].concat();
    let keys = [("aws", "arn:aws:s3:::x", vec![1]), ("gcp", KEY, wrapped)];
    let plain = Plain { version: 3, data: &[("a", "aHVudGVyMg==")], string_data: &[], keys: &keys };
    let text = seal(&plain, DATA_KEY.try_into().unwrap(), &mut |bytes| bytes.fill(9));
    let rendered =
        "apiVersion: v1\ndata:\n  a: aHVudGVyMg==\nkind: Secret\nmetadata:\n  name: shop\ntype: Opaque\n";
    check(&server, &text, rendered);
    let cut: String =
        text.lines().filter(|line| !line.contains("kubesec:aws")).map(|l| format!("{l}\n")).collect();
    let refused = "kubesec: the MAC does not fit: values or keys of the file were altered, removed or moved ";
    check(&server, &cut, refused);
}

#[test]
fn a_secret_whose_values_a_kms_encrypted() {
    let server = Server::new(kms);
    let plain = "# of the shop\napiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\nstringData:\n  token: hunter2\n";
    let variables = [("SOPS_GCP_KMS_ENDPOINT", server.url.as_str()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "token")];
    let sealed = with_keys(&variables, &MemoryFiles::new(), |keys| {
        seal_kms(plain, FileId::default(), KEY, "", keys).unwrap()
    });
    let expected = format!(
        "# of the shop\napiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n  annotations:\n    hagane.dev/kms: {KEY}\ndata:\n  token: WGh1bnRlcjI=\n"
    );
    assert_eq!(sealed, expected);
    let rendered = "apiVersion: v1\ndata:\n  token: aHVudGVyMg==\nkind: Secret\nmetadata:\n  name: shop\n";
    check(&server, &sealed, rendered);
    let refused = format!(
        "cannot decrypt `data.token` with Google Cloud KMS key `{KEY}` Google Cloud KMS answers 400: decryption failed"
    );
    check(&server, &sealed.replace("WGh1", "AGh1"), &refused);
}
