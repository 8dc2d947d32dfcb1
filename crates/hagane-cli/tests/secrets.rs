//! No message holds a decrypted value, whatever goes wrong around it.
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

mod sample;

use hagane::{AgeKeyring, Identities, MemoryFiles};
use hagane_cli::Surroundings;

const SECRET: &str = "overlays/production/secrets/database.yaml";

/// Renders `/broken`, a kustomization over the production overlay, with the sample's key.
fn render(kustomization: &str, files: MemoryFiles, format: &str) -> (u8, String, String) {
    let files = files.with("/broken/kustomization.yaml", kustomization);
    let mut identities = Identities::new();
    identities.add_text("test.agekey", &sample::key());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut surroundings = Surroundings {
        files: &files,
        keyring: &AgeKeyring::new(identities),
        remotes: None,
        processes: None,
        directory: "/".into(),
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stdout_is_terminal: false,
        stderr: &mut stderr,
        coloured: false,
    };
    let line = ["hagane", "render", "--load-restrictor=LoadRestrictionsNone", format, "broken"];
    let code = hagane_cli::run(line.map(Into::into), &mut surroundings);
    (code, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn check(what: &str, kustomization: &str) {
    let kustomization = kustomization.replace("SECRET", &format!("../{SECRET}"));
    check_with(what, &kustomization, sample::files());
}

fn check_with(what: &str, kustomization: &str, files: MemoryFiles) {
    for format in ["--message-format=human", "--message-format=json"] {
        let (code, stdout, stderr) = render(kustomization, files.clone(), format);
        assert!(code != 0 && stdout.is_empty() && !stderr.is_empty(), "{what}: nothing went wrong");
        for secret in sample::plaintexts() {
            assert!(!stderr.contains(&secret), "{what}: the message holds `{secret}`:\n{stderr}");
        }
    }
}

#[test]
fn a_file_in_the_wrong_place_is_not_quoted() {
    for field in ["resources: [SECRET, SECRET]", "components: [SECRET]", "configurations: [SECRET]"] {
        check(field, field);
    }
    let over = "resources: [../overlays/production]\n";
    for field in [
        "transformers: [SECRET]",
        "generators: [SECRET]",
        "validators: [SECRET]",
        "replacements: [{path: SECRET}]",
        "patches: [{path: SECRET, target: {kind: Deployment}}, {path: gone}]",
        "resources: [../overlays/production/secrets/payment-provider.env]",
        "configMapGenerator: [{name: a, files: [../overlays/production/secrets/payment-provider.env], literals: [payment-provider.env=a]}]",
    ] {
        check(field, &format!("{over}{field}"));
    }
}

#[test]
fn a_patch_of_a_secret_that_does_not_fit_shows_no_value() {
    let json = |operation: &str| {
        format!(
            "resources: [../{}]\npatches: [{{target: {{kind: Secret}}, patch: '[{operation}]'}}]",
            "overlays/production"
        )
    };
    for operation in [
        r#"{"op": "test", "path": "/stringData/DATABASE_PASSWORD", "value": "x"}"#,
        r#"{"op": "remove", "path": "/stringData/DATABASE_PASSWORT"}"#,
        r#"{"op": "add", "path": "/stringData/DATABASE_PASSWORD/below", "value": "x"}"#,
        r#"{"op": "copy", "from": "/stringData/DATABASE_PASSWORD", "path": "/none/x"}"#,
        r#"{"op": "move", "from": "/stringData/DATABASE_PASSWORD", "path": "/spec/list/4"}"#,
    ] {
        check(operation, &json(operation));
    }
    check(
        "a list in the place of a text",
        "resources: [../overlays/production]\npatches: [{patch: '{apiVersion: v1, kind: Secret, metadata: {name: \
         database, namespace: shop-production}, stringData: {DATABASE_PASSWORD: [a]}, data: []}'}]",
    );
}

#[test]
fn a_value_that_becomes_part_of_something_else_shows_nowhere() {
    let replaced = |targets: &str| {
        format!(
            "resources: [../overlays/production]\nreplacements:\n- source: {{kind: Secret, name: database, fieldPath: \
             stringData.DATABASE_PASSWORD}}\n  targets: [{targets}]\n"
        )
    };
    for targets in [
        "{select: {kind: Service}, fieldPaths: [spec.none.deep]}",
        "{select: {kind: Service}, fieldPaths: [spec.ports.9.port]}",
        "{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=none].image']}",
        "{select: {kind: Service}, fieldPaths: [metadata.name]}, {select: {kind: None}, fieldPaths: [a]}, \
         {select: {kind: Service}, fieldPaths: [spec.none.deep]}",
    ] {
        check(targets, &replaced(targets));
    }
    // Two resources get the secret as their name; a layer above then says that there are two of one id.
    let named = "{select: {kind: Service}, fieldPaths: [metadata.name], options: {create: true}}";
    let files = sample::files().with("/named/kustomization.yaml", replaced(named));
    check_with(named, "resources: [../named]\nnamespace: elsewhere", files);
}

#[test]
fn a_tampered_or_foreign_file_shows_no_value() {
    let text = String::from_utf8(
        hagane::Files::read(&sample::files(), format!("/{SECRET}").as_ref()).unwrap().to_vec(),
    );
    let text = text.unwrap();
    let broken = [
        text.replacen("data:", "data:A", 1),
        text.replace("mac: ENC", "mac: INC"),
        text.replace("    mac:", "    mak:"),
        text.replace("ca.crt:", "ca.key:"),
        text.replace(
            "DATABASE_USER: ENC",
            "DATABASE_USER: fake-production-database-password-in-the-clear # ENC",
        ),
    ];
    for (number, text) in broken.iter().enumerate() {
        let files = sample::files().with(format!("/{SECRET}"), text);
        let (code, stdout, stderr) =
            render("resources: [../overlays/production]", files, "--message-format=human");
        assert!(code == 1 && stdout.is_empty(), "{number}: {stderr}");
        let plain = sample::plaintexts().into_iter().find(|secret| stderr.contains(secret.as_str()));
        // The last one lies in the clear in the file itself: its line is not quoted.
        assert_eq!(plain, None, "{number}: {stderr}");
    }
}
