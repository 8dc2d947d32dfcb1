use hagane_kustomize::{LoadRestriction, Named, Outside, Remotes};

use super::*;
use crate::fake::{FakeFiles, FakeRemotes};

const WEB: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}}";

/// Localizes from the working directory `/work`.
fn run(
    files: &[(&str, &str)],
    target: &str,
    scope: Option<&str>,
    destination: Option<&str>,
) -> Result<Localized, String> {
    let files = FakeFiles::of(files);
    let remotes = FakeRemotes { files: files.clone(), ..FakeRemotes::default() }
        .reference("https://h/o/r", "v1", Named::Tag, "a")
        .reference("https://h/o/r", "group/version", Named::Branch, "a")
        .reference("git@h:o/r.git", "v1", Named::Tag, "a");
    let outside = Outside { remotes: Some(&remotes as &dyn Remotes), processes: None };
    let sources = Sources::new(&files, None, outside, "/work".into(), LoadRestriction::RootOnly);
    let request = Localizing {
        directory: Path::new("/work"),
        target: Path::new(target),
        scope: scope.map(Path::new),
        destination: destination.map(Path::new),
    };
    localize(&request, &sources, &files).map_err(|error| error.message)
}

#[test]
fn destinations_have_names() {
    let files = [
        ("/work/app/kustomization.yaml", "resources: []"),
        ("/kustomization.yaml", "resources: []"),
        ("/taken/file", ""),
        ("/remote/a/kustomization.yaml", "resources: []"),
        ("/remote/a/base/kustomization.yaml", "resources: []"),
    ];
    let check = |target: &str,
                 scope: Option<&str>,
                 destination: Option<&str>,
                 expected: Result<(&str, &str), &str>| {
        let localized = run(&files, target, scope, destination);
        let found = localized.map(|localized| {
            (localized.destination.display().to_string(), localized.target.display().to_string())
        });
        let expected = expected.map(|(destination, target)| (destination.to_owned(), target.to_owned()));
        assert_eq!(found, expected.map_err(str::to_owned), "{target}");
    };
    check("app", None, None, Ok(("/work/localized-app", "/work/localized-app")));
    check("/", None, None, Ok(("/work/localized", "/work/localized")));
    check("app", Some("."), None, Ok(("/work/localized-app", "/work/localized-app/app")));
    check("app", Some("/"), Some("app/copy"), Ok(("/work/app/copy", "/work/app/copy/work/app")));
    check("app", None, Some("/taken/../taken/new"), Ok(("/taken/new", "/taken/new")));
    check("app", None, Some("/taken"), Err("`/taken` is there already"));
    check("app", None, Some("/taken/file"), Err("`/taken/file` is there already"));
    check("app", None, Some("/taken/file/new"), Err("`/taken/file/new` cannot be made"));
    check("app", None, Some("/absent/new"), Err("`/absent/new` cannot be made"));
    check("app", Some("/taken"), None, Err("the scope `/taken` does not hold the target `app`"));
    check(
        "app",
        Some("app/kustomization.yaml"),
        None,
        Err("the scope `app/kustomization.yaml` is no directory"),
    );
    let r = "/work/localized-r-v1";
    check("https://h/o/r?ref=v1", None, None, Ok((r, r)));
    check("git@h:o/r.git?ref=v1", None, None, Ok(("/work/localized-r.git-v1", "/work/localized-r.git-v1")));
    let base = "/work/localized-base-group-version";
    check("https://h/o/r//base?ref=group/version", None, None, Ok((base, &format!("{base}/base"))));
    check(
        "https://h/o/r//base?ref=v1",
        Some("."),
        None,
        Err("what is fetched has no other scope than its repository"),
    );
    check("https://h/o/r//base", None, None, Err("only what has a `ref` can be localized"));
}

#[test]
fn paths_are_straightened_where_the_copy_needs_it() {
    let check = |path: &str, others: &[(&str, &str)], expected: &str| {
        let kustomization = format!("patches:\n- path: {path}\n");
        let files = [others, &[("/work/app/kustomization.yaml", kustomization.as_str())]].concat();
        let localized = run(&files, "app", Some("/"), Some("copy")).unwrap();
        let text = &localized.files[Path::new("/work/copy/work/app/kustomization.yaml")];
        assert_eq!(String::from_utf8_lossy(text), format!("patches:\n- path: {expected}\n"));
        assert_eq!(localized.files.len(), 2);
    };
    let patch = [("/work/app/patch.yaml", WEB)];
    check("patch.yaml", &patch, "patch.yaml");
    check("./patch.yaml", &patch, "./patch.yaml");
    check("../app/../../work/./app/patch.yaml", &patch, "patch.yaml");
    check("/work/app/patch.yaml", &patch, "patch.yaml");
    check("link.yaml", &[("/work/app/link.yaml", "-> patch.yaml"), patch[0]], "patch.yaml");
    check("d/patch.yaml", &[("/work/app/d", "-> e"), ("/work/app/e/patch.yaml", WEB)], "e/patch.yaml");
    // The name of the directory for what is fetched is one as any other where nothing is fetched.
    check("localized-files", &[("/work/app/localized-files", WEB)], "localized-files");
}
