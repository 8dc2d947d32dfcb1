use std::path::Path;

use hagane_kustomize::{LoadRestriction, Named, Outside, Remotes};

use super::*;
use crate::fake::{FakeFiles, FakeRemotes};

const WEB: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}}";

/// Checks what a tree fetches: repositories as `URL@REF`, then the URLs of files.
fn check(own: &[(&str, &str)], reach: Reach, expected: Result<&[&str], &str>) {
    let remote = [
        ("/remote/a/base/kustomization.yaml", "resources: [../shared, https://h/extra.yaml]"),
        ("/remote/a/shared/kustomization.yaml", "resources: ['github.com/o/lib?ref=v2']"),
        ("/remote/b/kustomization.yaml", "resources: [web.yaml]"),
        ("/remote/b/web.yaml", WEB),
        ("/remote/c/kustomization.yaml", "resources: ['https://h/o/again//?ref=x']"),
    ];
    let files = FakeFiles::of(&[own, &remote].concat());
    let remotes = FakeRemotes { files: files.clone(), ..FakeRemotes::default() }
        .reference("https://h/o/r", "v1", Named::Tag, "a")
        .reference("https://github.com/o/lib", "v2", Named::Tag, "b")
        .reference("https://h/o/again", "x", Named::Branch, "c")
        .url("https://h/extra.yaml", WEB)
        .url("https://h/patch.yaml", "{}")
        .url("https://h/page", "<html>");
    let outside = Outside { remotes: Some(&remotes as &dyn Remotes), processes: None };
    let sources = Sources::new(&files, None, outside, "/case".into(), LoadRestriction::None);
    let mut found = Survey::default();
    let result = survey(Path::new("/case"), &sources, reach, &mut found);
    match expected {
        Ok(expected) => {
            result.unwrap();
            let repositories = found.repositories.keys().map(|key| format!("{}@{}", key.url, key.reference));
            let files = found.files.keys().map(|key| key.0.clone());
            let leaving = found.leaving.iter().map(|reference| format!("? {}", reference.text));
            let all: Vec<String> = repositories.chain(files).chain(leaving).collect();
            assert_eq!(all, expected);
        }
        Err(expected) => assert_eq!(result.unwrap_err().message, expected),
    }
}

#[test]
fn everything_that_is_fetched_is_found() {
    let top = "/case/kustomization.yaml";
    let all = Reach::Everything;
    check(&[(top, "resources: [a.yaml, nothing.yaml]")], all, Ok(&[]));
    check(
        &[(top, "resources: ['https://h/o/r//base?ref=v1']")],
        all,
        Ok(&["https://github.com/o/lib@v2", "https://h/o/r@v1", "https://h/extra.yaml"]),
    );
    check(
        &[(top, "resources: ['https://h/o/r//base?ref=v1']")],
        Reach::ThisTree,
        Ok(&["? https://h/o/r//base?ref=v1"]),
    );
    // Through a layer of this tree, and a component.
    check(
        &[
            (top, "resources: [b]\ncomponents: ['github.com/o/lib?ref=v2']"),
            ("/case/b/kustomization.yaml", "crds: [https://h/patch.yaml]"),
        ],
        all,
        Ok(&["https://github.com/o/lib@v2", "https://h/patch.yaml"]),
    );
    check(
        &[(
            top,
            "patches: [{path: https://h/patch.yaml}]\nconfigMapGenerator: [{name: a, files: [k=https://h/extra.yaml]}]",
        )],
        all,
        Ok(&["https://h/extra.yaml", "https://h/patch.yaml"]),
    );
    // In configurations, in the kustomization and in a file.
    let plugin =
        "{apiVersion: builtin, kind: PatchTransformer, metadata: {name: a}, path: https://h/patch.yaml}";
    check(&[(top, &format!("transformers:\n- '{plugin}'\n"))], all, Ok(&["https://h/patch.yaml"]));
    check(&[(top, "transformers: [t.yaml]"), ("/case/t.yaml", plugin)], all, Ok(&["https://h/patch.yaml"]));
}

#[test]
fn what_is_wrong_is_told() {
    let top = "/case/kustomization.yaml";
    let all = Reach::Everything;
    check(
        &[(top, "resources: [https://h/absent.yaml]")],
        all,
        Err("`https://h/absent.yaml` answers with status 404"),
    );
    check(
        &[(top, "resources: ['https://h/o/r//base?ref=v9']")],
        all,
        Err("`https://h/o/r` has no branch, tag or commit `v9`"),
    );
    // A repository that is part of itself.
    check(
        &[(top, "resources: ['https://h/o/again//?ref=x']")],
        all,
        Err("a cycle: `https://h/o/again//?ref=x` is part of `https://h/o/again//?ref=x`"),
    );
}
