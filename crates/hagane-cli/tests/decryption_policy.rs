//! The policy of the sidecar: what the controller says counts, and nothing else of the environment.
#![allow(clippy::disallowed_methods, reason = "a test starts the program in directories of its own")]
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RECIPIENT: &str = "age1c8jmkv5f376l5tqqvl9yyvnj8dak85cxpeglkc6eaz6tdw75g40q4jj5es";

fn sample() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../overlays-sample")).unwrap()
}

/// A repository with the sample's staging secrets, and a policy beside it.
struct Site(PathBuf);

impl Site {
    fn new(name: &str, policy: Option<&str>) -> Site {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        let app = root.join("repository/app");
        fs::create_dir_all(&app).unwrap();
        fs::create_dir_all(root.join("repository/.git")).unwrap();
        fs::write(app.join("kustomization.yaml"), "secretGenerator: [{name: a, files: [enc.txt]}]\n")
            .unwrap();
        fs::write(app.join("enc.txt"), include_str!("decryption_policy/encrypted.json")).unwrap();
        if let Some(policy) = policy {
            fs::write(root.join("policy.yaml"), policy).unwrap();
        }
        Site(root)
    }

    /// Returns the exit code, and what was said, of a run with variables beside those of the sidecar.
    fn generate(&self, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hagane"))
            .args(["argocd", "generate"])
            .current_dir(self.0.join("repository/app"))
            .env_clear()
            .env("SOPS_AGE_KEY_FILE", sample().join("keys/test.agekey"))
            .env("HAGANE_DECRYPTION_POLICY", self.0.join("policy.yaml"))
            .env("ARGOCD_APP_SOURCE_PATH", "app")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

fn policy() -> String {
    format!(
        "apiVersion: hagane.dev/v1alpha1\nkind: DecryptionPolicy\nrules:\n- name: shop\n  projects: [shop]\n  applications: [web]\n  \
         namespaces: [shop]\n  files: [app/**]\n  keys: [{RECIPIENT}]\n  into: {{namespaces: [shop]}}\n"
    )
}

const FACTS: [(&str, &str); 3] =
    [("ARGOCD_APP_PROJECT_NAME", "shop"), ("ARGOCD_APP_NAME", "web"), ("ARGOCD_APP_NAMESPACE", "shop")];

#[test]
fn the_controller_says_who_asks() {
    let site = Site::new("policy-facts", Some(&policy()));
    let check = |variables: &[(&str, &str)], code: i32, said: &str| {
        let (exit, stdout, stderr) = site.generate(variables);
        assert_eq!(exit, Some(code), "{variables:?}\n{stderr}");
        assert_eq!(stdout.is_empty(), code != 0, "{variables:?}");
        assert!(stderr.contains(said), "{variables:?}\n{stderr}");
    };
    check(&FACTS, 0, "");
    let refused = "no rule of the decryption policy is for who asks for `app/enc.txt`";
    for (fact, _) in FACTS {
        let other: Vec<(&str, &str)> =
            FACTS.iter().map(|(name, value)| (*name, if *name == fact { "other" } else { value })).collect();
        check(&other, 3, refused);
        // What an Application sets arrives under other names, and is not taken for a fact or for a setting.
        let own = format!("ARGOCD_ENV_{fact}");
        let mut forged = other.clone();
        forged.push((&own, "shop"));
        forged.push(("ARGOCD_ENV_HAGANE_DECRYPTION_POLICY", "/nowhere"));
        forged.push(("PARAM_PROJECT", "shop"));
        check(&forged, 3, refused);
    }
    check(&[], 3, "asked for application (not known) of project (not known) in namespace (not known)");
}

#[test]
fn without_its_policy_the_sidecar_prints_nothing() {
    let check = |name: &str, policy: Option<&str>, said: &str| {
        let (exit, stdout, stderr) = Site::new(name, policy).generate(&FACTS);
        assert_eq!((exit, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    };
    check("policy-missing", None, "does not exist");
    check("policy-broken", Some("rules: ["), "error: ");
    check("policy-unknown", Some(&policy().replace("keys:", "key:")), "unknown field `key` in a rule");
    check("policy-empty", Some(""), "a decryption policy is one document");
}
