//! Master keys of flags and variables.

use hagane::MasterKey;
use hagane::sops::BadKey;

use super::arguments::{Recipients, Turnover};
use super::failure::{BAD_CONTEXT, Failure, GENERIC};

/// Lists of keys, a list for each kind; each text may hold several with commas.
#[derive(Default)]
pub(super) struct Lists {
    age: Vec<String>,
    pgp: Vec<String>,
    kms: Vec<String>,
    gcp_kms: Vec<String>,
    hckms: Vec<String>,
    azure_kv: Vec<String>,
    vault: Vec<String>,
    context: Vec<(String, String)>,
    profile: String,
}

impl Lists {
    /// Returns the keys of flags; those of variables where there is no flag, if those count.
    pub(super) fn of(recipients: &Recipients, with_variables: bool) -> Lists {
        let or = |given: &Vec<String>, variable: &str| match given.is_empty() && with_variables {
            true => hagane_host::environment(variable)
                .and_then(|value| value.into_string().ok())
                .into_iter()
                .collect(),
            false => given.clone(),
        };
        Lists {
            age: or(&recipients.age, "SOPS_AGE_RECIPIENTS"),
            pgp: or(&recipients.pgp, "SOPS_PGP_FP"),
            kms: or(&recipients.kms, "SOPS_KMS_ARN"),
            gcp_kms: or(&recipients.gcp_kms, "SOPS_GCP_KMS_IDS"),
            hckms: or(&recipients.hckms, "SOPS_HUAWEICLOUD_KMS_IDS"),
            azure_kv: or(&recipients.azure_kv, "SOPS_AZURE_KEYVAULT_URLS"),
            vault: or(&recipients.hc_vault_transit, "SOPS_VAULT_URIS"),
            context: context(recipients.encryption_context.as_deref()).unwrap_or_default(),
            profile: recipients.aws_profile.clone().unwrap_or_default(),
        }
    }

    /// Returns the keys that are added, and those that are removed.
    pub(super) fn turnover(turnover: &Turnover) -> (Lists, Lists) {
        let added = Lists {
            age: turnover.add_age.clone(),
            pgp: turnover.add_pgp.clone(),
            kms: turnover.add_kms.clone(),
            gcp_kms: turnover.add_gcp_kms.clone(),
            hckms: turnover.add_hckms.clone(),
            azure_kv: turnover.add_azure_kv.clone(),
            vault: turnover.add_hc_vault_transit.clone(),
            context: context(turnover.encryption_context.as_deref()).unwrap_or_default(),
            profile: String::new(),
        };
        let removed = Lists {
            age: turnover.rm_age.clone(),
            pgp: turnover.rm_pgp.clone(),
            kms: turnover.rm_kms.clone(),
            gcp_kms: turnover.rm_gcp_kms.clone(),
            hckms: turnover.rm_hckms.clone(),
            azure_kv: turnover.rm_azure_kv.clone(),
            vault: turnover.rm_hc_vault_transit.clone(),
            ..Lists::default()
        };
        (added, removed)
    }
}

/// Returns the keys, in the order in which SOPS takes flags.
pub(super) fn of_lists(lists: &Lists) -> Result<Vec<MasterKey>, Failure> {
    type Make<'m> = &'m dyn Fn(&str) -> Result<MasterKey, BadKey>;
    let kms = |text: &str| Ok(MasterKey::aws_kms(text, &lists.context, &lists.profile));
    let kinds: [(&Vec<String>, Make); 7] = [
        (&lists.kms, &kms),
        (&lists.gcp_kms, &|text| Ok(MasterKey::gcp_kms(text))),
        (&lists.hckms, &MasterKey::huawei_kms),
        (&lists.azure_kv, &MasterKey::azure_key_vault),
        (&lists.pgp, &|text| Ok(MasterKey::pgp(text))),
        (&lists.age, &MasterKey::age),
        (&lists.vault, &MasterKey::vault),
    ];
    let mut keys = Vec::new();
    for (texts, make) in kinds {
        for text in texts.iter().flat_map(|text| text.split(',')).filter(|text| !text.trim().is_empty()) {
            let key = make(text).map_err(|bad| Failure::new(GENERIC, bad.to_string()))?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// Returns an encryption context, `KEY:VALUE` with commas.
pub(super) fn context(text: Option<&str>) -> Result<Vec<(String, String)>, Failure> {
    let pairs = text.unwrap_or_default().split(',').filter(|pair| !pair.trim().is_empty());
    let pair = |pair: &str| match pair.split_once(':') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Failure::new(
            BAD_CONTEXT,
            format!("`{pair}` is not `KEY:VALUE`, as an encryption context is"),
        )),
    };
    pairs.map(pair).collect()
}
