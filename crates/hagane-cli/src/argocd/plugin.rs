//! `hagane argocd plugin-yaml` and `manifests`: what an administrator puts into the cluster.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use hagane::Failed;

use crate::{Surroundings, output};

const PLUGIN: &str = include_str!("manifests/plugin.yaml");
const SIDECAR: &str = include_str!("manifests/sidecar.yaml");

/// What Argo CD's own server of plugins needs in the sidecar, and the names of the places.
const OF_SERVER: [(&str, &str); 5] = [
    (
        "COMMAND\n",
        "          # Argo CD's own server of plugins: its init container puts it there.\n          \
         command: [/var/run/argocd/argocd-cmp-server]\n",
    ),
    (
        "LOG_LEVEL\n",
        "            # Never `debug`: that server would write manifests, and the Secrets in them, to its log.\n            \
         - name: ARGOCD_CMP_SERVER_LOGLEVEL\n              value: info\n",
    ),
    ("SERVER_MOUNT\n", "            - {name: var-files, mountPath: /var/run/argocd}\n"),
    (
        "PLUGIN_MOUNT\n",
        "            - {name: hagane-plugin, mountPath: /home/argocd/cmp-server/config/plugin.yaml, \
         subPath: plugin.yaml}\n",
    ),
    ("PLUGIN_VOLUME\n", "        - name: hagane-plugin\n          configMap: {name: hagane-plugin}\n"),
];

/// What a decryption policy needs in the sidecar, and the names of the places.
const OF_POLICY: [(&str, &str); 3] = [
    (
        "POLICY_ENV\n",
        "            - name: HAGANE_DECRYPTION_POLICY\n              value: /policy/policy.yaml\n",
    ),
    (
        "POLICY_MOUNT\n",
        "            - {name: hagane-decryption-policy, mountPath: /policy, readOnly: true}\n",
    ),
    (
        "POLICY_VOLUME\n",
        "        - name: hagane-decryption-policy\n          configMap: {name: hagane-decryption-policy}\n",
    ),
];

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
        text = text.replace("generate]", &format!("generate{}]", as_items(flags)));
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
  hagane argocd manifests --serve -- --offline      with hagane as the plugin server, too
  hagane argocd manifests --policy                  with a decryption policy

The key, for `--key secret`:
  kubectl create secret generic hagane-key -n argocd --from-file=age.agekey
The policy, for `--policy`:
  kubectl create configmap hagane-decryption-policy -n argocd --from-file=policy.yaml")]
pub(super) struct Manifests {
    /// Where the key comes from
    #[arg(long, value_name = "SOURCE", value_enum, default_value_t)]
    key: KeySource,
    /// The image of the sidecar
    #[arg(long, value_name = "IMAGE", default_value = IMAGE)]
    image: String,
    /// Let hagane be the plugin server, too: `hagane argocd serve`
    #[arg(long)]
    serve: bool,
    /// Let the ConfigMap `hagane-decryption-policy`, its key `policy.yaml`, say who may decrypt what
    #[arg(long)]
    policy: bool,
    /// Flags of `generate`, or of `serve`
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
    let plugin: String = match arguments.serve {
        true => String::new(),
        false => {
            let plugin = plugin(false, &arguments.flags);
            let indented: String = plugin.lines().map(|line| format!("    {line}\n")).collect();
            let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hagane-plugin\ndata:\n  plugin.yaml: |\n";
            format!("{head}{indented}---\n")
        }
    };
    let (_, _, _, rest) = key(arguments.key);
    let text = format!("{plugin}{}---\n{NETWORK_POLICY}{rest}", sidecar(arguments));
    output::print(text.as_bytes(), surroundings)
}

fn sidecar(arguments: &Manifests) -> String {
    let (env, mount, volume, _) = key(arguments.key);
    // A JSON text is a YAML one, and an image has no need of quotes.
    let image = match arguments.image.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/:@".contains(c)) {
        true => arguments.image.clone(),
        false => serde_json::Value::from(arguments.image.as_str()).to_string(),
    };
    let mut sidecar = SIDECAR
        .replace("KEY_ENV\n", env)
        .replace("KEY_MOUNT\n", mount)
        .replace("KEY_VOLUME\n", volume)
        .replace("IMAGE", &image);
    for (place, text) in OF_POLICY {
        sidecar = sidecar.replace(place, if arguments.policy { text } else { "" });
    }
    for (place, text) in OF_SERVER {
        sidecar = match (arguments.serve, place) {
            (false, _) => sidecar.replace(place, text),
            (true, "COMMAND\n") => sidecar.replace(place, &own_command(&arguments.flags)),
            (true, _) => sidecar.replace(place, ""),
        };
    }
    sidecar
}

/// Returns the command of a sidecar that is its own plugin server.
fn own_command(flags: &[String]) -> String {
    format!(
        "          command: [/usr/local/bin/hagane, argocd, serve{}]\n          \
         # It answers what it has begun before it ends: in 25 s, of the 30 that Kubernetes gives.\n",
        as_items(flags)
    )
}

/// Returns texts as further items of a list. A JSON text is a YAML one.
fn as_items(texts: &[String]) -> String {
    texts.iter().map(|text| format!(", {}", serde_json::Value::from(text.as_str()))).collect()
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
