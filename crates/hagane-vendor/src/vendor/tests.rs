use hagane_kustomize::{LoadRestriction, Named, Outside};

use super::*;
use crate::fake::{FakeFiles, FakeRemotes};
use crate::localize::{Localizing, localize};

const WEB: &str = "{apiVersion: v1, kind: Service, metadata: {name: web}}";

/// The remote trees of the tests: `https://h/o/r?ref=v1` is `/remote/a`, `git@h:o/s.git?ref=v2` is `/remote/b`.
fn remotes(remote: &[(&str, &str)], own: &[(&str, &str)]) -> FakeRemotes {
    let files = FakeFiles::of(&[own, remote].concat());
    FakeRemotes { files, ..FakeRemotes::default() }
        .reference("https://h/o/r", "v1", Named::Tag, "a")
        .reference("https://h/o/r", "", Named::Branch, "a")
        .reference("git@h:o/r.git", "v1", Named::Tag, "a")
        .reference("git@h:o/s.git", "v2", Named::Tag, "b")
        .url("https://h/f.yaml", WEB)
        .url("https://h/f.yaml?x=1", "{apiVersion: v1, kind: Service, metadata: {name: other}}")
}

/// Returns the copy of `/case` as `path = content` by one of the two layouts, or what is wrong with it.
fn copied(remote: &[(&str, &str)], own: &[(&str, &str)], is_localized: bool) -> Result<Vec<String>, String> {
    let remotes = remotes(remote, own);
    let outside = Outside { remotes: Some(&remotes as &dyn Remotes), processes: None };
    let sources = Sources::new(&remotes.files, None, outside, "/".into(), LoadRestriction::RootOnly);
    let files = if is_localized {
        let case = Path::new("case");
        let request = Localizing {
            directory: Path::new("/"),
            target: case,
            scope: None,
            destination: Some("out".as_ref()),
        };
        localize(&request, &sources, &remotes.files).map(|localized| localized.files)
    } else {
        let request = Vendoring { top: Path::new("/case"), out: None, beside: &[], remotes: Some(&remotes) };
        vendor(&request, &sources, &remotes.files).map(|vendored| vendored.files)
    };
    let files = files.map_err(|error| error.flattened().remove(0).message)?;
    let line = |(path, content): (&PathBuf, &Arc<[u8]>)| {
        let path = path.strip_prefix("/case").or(path.strip_prefix("/out")).unwrap_or(path);
        format!("{} = {}", path.display(), String::from_utf8_lossy(content))
    };
    Ok(files.iter().map(line).filter(|line| !line.starts_with("vendor/hagane.vendor")).collect())
}

/// Checks both layouts of a copy.
fn check(
    remote: &[(&str, &str)],
    own: &[(&str, &str)],
    localized: Result<&[&str], &str>,
    vendored: Result<&[&str], &str>,
) {
    for (is_localized, expected) in [(true, localized), (false, vendored)] {
        let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(copied(remote, own, is_localized), expected.map_err(str::to_owned), "{own:?}");
    }
}

const TOP: &str = "/case/kustomization.yaml";

#[test]
fn what_is_fetched_is_copied() {
    // A repository within a repository; by two transports it is the same.
    check(
        &[
            ("/remote/a/base/kustomization.yaml", "resources: ['git@h:o/s.git?ref=v2', ../x]"),
            ("/remote/a/x/kustomization.yaml", "resources: [x.yaml]"),
            ("/remote/a/x/x.yaml", WEB),
            ("/remote/b/kustomization.yaml", "namePrefix: b-"),
        ],
        &[(TOP, "resources:\n- https://h/o/r//base?ref=v1 # one\n- git@h:o/r.git//x?ref=v1\n")],
        Ok(&[
            "kustomization.yaml = resources:\n- localized-files/h/o/r/v1/base # one\n- localized-files/h/o/r/v1/x\n",
            "localized-files/h/o/r/v1/base/kustomization.yaml = resources: ['localized-files/h/o/s/v2', ../x]",
            "localized-files/h/o/r/v1/base/localized-files/h/o/s/v2/kustomization.yaml = namePrefix: b-",
            "localized-files/h/o/r/v1/x/kustomization.yaml = resources: [x.yaml]",
            &format!("localized-files/h/o/r/v1/x/x.yaml = {WEB}"),
        ]),
        Ok(&[
            "kustomization.yaml = resources:\n- vendor/h/o/r@v1/base # one\n- vendor/h/o/r@v1/x\n",
            "vendor/h/o/r@v1/base/kustomization.yaml = resources: ['../../s@v2', ../x]",
            "vendor/h/o/r@v1/x/kustomization.yaml = resources: [x.yaml]",
            &format!("vendor/h/o/r@v1/x/x.yaml = {WEB}"),
            "vendor/h/o/s@v2/kustomization.yaml = namePrefix: b-",
        ]),
    );
    // Without a reference only `vendor` copies.
    check(
        &[("/remote/a/kustomization.yaml", "namePrefix: a-")],
        &[(TOP, "resources: [https://h/o/r]")],
        Err("only what has a `ref` can be localized"),
        Ok(&[
            "kustomization.yaml = resources: [vendor/h/o/r@HEAD]",
            "vendor/h/o/r@HEAD/kustomization.yaml = namePrefix: a-",
        ]),
    );
}

#[test]
fn only_references_change_in_a_text() {
    let remote = [("/remote/a/kustomization.yaml", "namePrefix: a-")];
    let copy = "vendor/h/o/r@v1/kustomization.yaml = namePrefix: a-";
    let check = |text: &str, expected: Result<&str, &str>| {
        let found = copied(&remote, &[(TOP, text)], false);
        let expected = expected.map(|text| vec![format!("kustomization.yaml = {text}"), copy.to_owned()]);
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    };
    let url = "https://h/o/r?ref=v1";
    for (text, new) in [
        ("resources:\n- URL\n", None),
        ("resources:\n  -   URL   # why\n# end", None),
        ("resources: ['URL']\n", None),
        ("{resources: [\"URL\"]}", None),
        ("RESOURCES:\r\n- URL\r\nnamePrefix: x\r\n", None),
        ("\u{feff}bases: [ 'URL', ]\n", None),
        // The last of fields that are there twice counts.
        ("resources: [a.yaml]\nresources:\n- URL\n", None),
        ("components: []\nresources:\n- >-\n  URL\n", Some("components: []\nresources:\n- NEW\n")),
        (
            "metadata: {annotations: {from: &from 'URL'}}\nresources:\n- *from\n",
            Some("metadata: {annotations: {from: &from 'URL'}}\nresources:\n- NEW\n"),
        ),
        ("resources:\n- &x URL\n", None),
        ("resources:\n- &x URL\ncomponents: [*x]\n", Some("resources:\n- &x NEW\ncomponents: ['NEW']\n")),
        ("---\nresources:\n- URL\n...\n", None),
        ("resources:\n- URL\n---\nsecond: document\n", None),
    ] {
        let new = new.unwrap_or(text).replace("NEW", "vendor/h/o/r@v1");
        let new = if new.contains("&from") {
            new.replace("URL", url)
        } else {
            new.replace("URL", "vendor/h/o/r@v1")
        };
        check(&text.replace("URL", url), Ok(&new));
    }
}

#[test]
fn files_with_another_query_are_others() {
    let other = WEB.replace("web", "other");
    check(
        &[],
        &[(TOP, "resources:\n- https://h/f.yaml\n- https://h/f.yaml?x=1\n")],
        Err("two different files would be copied to `out/localized-files/h/f.yaml`"),
        Ok(&[
            "kustomization.yaml = resources:\n- vendor/h/f.yaml\n- vendor/h/f@1f206b11.yaml\n",
            &format!("vendor/h/f.yaml = {WEB}"),
            &format!("vendor/h/f@1f206b11.yaml = {other}"),
        ]),
    );
}

#[test]
fn a_repository_gets_at_no_file_of_this_machine() {
    let secret = ("/home/secret/passwords", "secret");
    let own = [(TOP, "resources: ['https://h/o/r//x?ref=v1']"), secret];
    let both = |remote: &[(&str, &str)], message: &str| check(remote, &own, Err(message), Err(message));
    let kustomization = "/remote/a/x/kustomization.yaml";
    both(
        &[(kustomization, "resources: [link]"), ("/remote/a/x/link", "-> /home/secret/passwords")],
        "`link` is outside of `https://h/o/r@v1//x`, whose files alone may be read here",
    );
    both(
        &[(kustomization, "resources: [../../../home/secret]")],
        "`../../../home/secret` leads out of the repository it stands in",
    );
    both(
        &[(kustomization, "configMapGenerator: [{name: a, files: [../../../home/secret/passwords]}]")],
        "`../../../home/secret/passwords` is outside of `https://h/o/r@v1//x`, whose files alone may be read here",
    );
    both(&[("/remote/a/x", "-> /home/secret")], "`x` leads out of its repository `https://h/o/r`");
    both(
        &[
            (kustomization, "configMapGenerator: [{name: a, files: [.git/config]}]"),
            ("/remote/a/x/.git/config", "url"),
        ],
        "`.git/config` is git's own, and no file of the repository",
    );
    // By the directory of charts, and by the name of one.
    check(
        &[(kustomization, "helmGlobals: {chartHome: ../../../home}\nhelmCharts: [{name: secret}]")],
        &own,
        Err("`../../../home` leads out of the repository it stands in"),
        Err("`../../../home/secret` leads out of the repository it stands in"),
    );
    check(
        &[(kustomization, "helmCharts: [{name: ../../../../home/secret}]"), ("/remote/a/x/charts/a", "a")],
        &own,
        Ok(&[
            "kustomization.yaml = resources: ['localized-files/h/o/r/v1/x']",
            "localized-files/h/o/r/v1/x/charts/a = a",
            "localized-files/h/o/r/v1/x/kustomization.yaml = helmCharts: [{name: ../../../../home/secret}]",
        ]),
        Err("`charts/../../../../home/secret` leads out of the repository it stands in"),
    );
}

#[test]
fn charts_lie_where_they_are_used() {
    let chart = [
        ("/remote/a/kustomization.yaml", "helmCharts: [{name: shop}]"),
        ("/remote/a/charts/shop/Chart.yaml", "name: shop"),
        ("/remote/a/charts/shop/link", "-> /etc/passwd"),
        ("/remote/a/charts/other/Chart.yaml", "name: other"),
    ];
    let own = [(TOP, "resources: ['https://h/o/r//.?ref=v1']")];
    check(
        &chart,
        &own,
        Ok(&[
            "kustomization.yaml = resources: ['localized-files/h/o/r/v1']",
            "localized-files/h/o/r/v1/charts/other/Chart.yaml = name: other",
            "localized-files/h/o/r/v1/charts/shop/Chart.yaml = name: shop",
            "localized-files/h/o/r/v1/kustomization.yaml = helmCharts: [{name: shop}]",
        ]),
        Ok(&[
            "kustomization.yaml = resources: ['vendor/h/o/r@v1']",
            "vendor/h/o/r@v1/charts/shop/Chart.yaml = name: shop",
            "vendor/h/o/r@v1/kustomization.yaml = helmCharts: [{name: shop}]",
        ]),
    );
}

#[test]
fn a_wrong_list_of_copies_is_refused() {
    for path in
        ["../x", "vendor", "/vendor/x", "vendor/../x", "vendor//x", "a/b", "vendor/./x", "a/vendor/../../x"]
    {
        let list = format!(
            "apiVersion: hagane.dev/v1alpha1\nkind: Vendor\nfiles:\n- path: {path}\n  url: u\n  content: sha256:{}\n",
            "0".repeat(64)
        );
        let own = [(TOP, "resources: []"), ("/case/vendor/hagane.vendor", list.as_str())];
        let refused = copied(&[], &own, false);
        assert_eq!(refused, Err(format!("`{path}` is no path into a directory `vendor`")));
    }
}
