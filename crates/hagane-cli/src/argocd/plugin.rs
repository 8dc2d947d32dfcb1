//! `hagane argocd plugin-yaml` and `manifests`: what an administrator puts into the cluster.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use hagane::Failed;

use crate::{Surroundings, output};

const PLUGIN: &str = include_str!("manifests/plugin.yaml");
const SIDECAR: &str = include_str!("manifests/sidecar.yaml");
const NETWORK_POLICY: &str = include_str!("manifests/network-policy.yaml");

/// Where images of releases are.
const IMAGE: &str = concat!("ghcr.io/hagane-dev/hagane:", env!("CARGO_PKG_VERSION"));

/// Print the plugin, for the ConfigMap that the sidecar reads
///
/// It has no version, so that Applications need no change when hagane gets one, and no discovery: an Application names it.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd plugin-yaml
  hagane argocd plugin-yaml -- --enable-helm        with flags of `generate`
  hagane argocd plugin-yaml --discover              for Applications that name no plugin, too")]
pub(super) struct PluginYaml {
    /// Let Argo CD ask whether an application is for hagane: where there is a `hagane.yaml`
    #[arg(long)]
    discover: bool,
    /// Flags of `generate`
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<String>,
}

pub(super) fn plugin_yaml(arguments: &PluginYaml, surroundings: &mut Surroundings) -> Result<(), Failed> {
    output::print(plugin(arguments.discover, &arguments.flags).as_bytes(), surroundings)
}

fn plugin(discover: bool, flags: &[String]) -> String {
    let mut text = PLUGIN.to_owned();
    if !flags.is_empty() {
        // A JSON text is a YAML one.
        let flags: String =
            flags.iter().map(|flag| format!(", {}", serde_json::Value::from(flag.as_str()))).collect();
        text = text.replace("generate]", &format!("generate{flags}]"));
    }
    if discover {
        let _ =
            writeln!(text, "  discover: {{find: {{command: [/usr/local/bin/hagane, argocd, discover]}}}}");
    }
    text
}

/// Print what goes into the cluster: plugin, sidecar and network policies
///
/// The ConfigMap, a patch of the Deployment `argocd-repo-server`, and NetworkPolicies. Everything applies to an Argo CD as it
/// is installed, by `kubectl apply --server-side` or as parts of a kustomization.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd manifests | kubectl apply --server-side -n argocd -f -
  hagane argocd manifests --key aws                 by the role of the service account (IRSA)

The key, for `--key secret`:
  kubectl create secret generic hagane-key -n argocd --from-file=age.agekey")]
pub(super) struct Manifests {
    /// Where the key comes from
    #[arg(long, value_name = "SOURCE", value_enum, default_value_t)]
    key: KeySource,
    /// The image of the sidecar
    #[arg(long, value_name = "IMAGE", default_value = IMAGE)]
    image: String,
    /// Flags of `generate`
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum KeySource {
    /// The Secret `hagane-key`, mounted: keys of age
    #[default]
    Secret,
    /// AWS KMS, by the role of the service account (IRSA)
    Aws,
    /// Google Cloud KMS, by workload identity
    Gcp,
    /// Azure Key Vault, by workload identity
    Azure,
}

pub(super) fn manifests(arguments: &Manifests, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let (env, mount, volume, rest) = key(arguments.key);
    // A JSON text is a YAML one, and an image has no need of quotes.
    let image = match arguments.image.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/:@".contains(c)) {
        true => arguments.image.clone(),
        false => serde_json::Value::from(arguments.image.as_str()).to_string(),
    };
    let sidecar = SIDECAR
        .replace("KEY_ENV\n", env)
        .replace("KEY_MOUNT\n", mount)
        .replace("KEY_VOLUME\n", volume)
        .replace("IMAGE", &image);
    let indented: String =
        plugin(false, &arguments.flags).lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hagane-plugin\ndata:\n  plugin.yaml: |\n{indented}---\n\
         {sidecar}---\n{NETWORK_POLICY}{rest}"
    );
    output::print(text.as_bytes(), surroundings)
}

/// Returns what a source of keys adds to the container's environment, to its mounts and to the volumes, and what it needs besides.
fn key(source: KeySource) -> (&'static str, &'static str, &'static str, &'static str) {
    match source {
        KeySource::Secret => (
            "            - name: SOPS_AGE_KEY_FILE\n              value: /keys/age.agekey\n",
            "            - {name: hagane-key, mountPath: /keys, readOnly: true}\n",
            "        - name: hagane-key\n          secret: {secretName: hagane-key}\n",
            "",
        ),
        KeySource::Aws => (
            "",
            "",
            "",
            "---\n# The role may use the key for nothing but `kms:Decrypt`.\napiVersion: v1\nkind: ServiceAccount\n\
             metadata:\n  name: argocd-repo-server\n  annotations:\n    \
             eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:role/argocd-repo-server\n",
        ),
        KeySource::Gcp => (
            "",
            "",
            "",
            "---\n# The account has the role `roles/cloudkms.cryptoKeyDecrypter`, and no other.\napiVersion: v1\n\
             kind: ServiceAccount\nmetadata:\n  name: argocd-repo-server\n  annotations:\n    \
             iam.gke.io/gcp-service-account: argocd-repo-server@example.iam.gserviceaccount.com\n",
        ),
        KeySource::Azure => (
            "",
            "",
            "",
            "---\n# The identity may `decrypt` with the key, and nothing else. The pods need the label\n\
             # `azure.workload.identity/use: \"true\"`.\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  \
             name: argocd-repo-server\n  annotations:\n    \
             azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000000\n",
        ),
    }
}
