//! What an Application brings: parameters, variables, and much.

use std::fs;

use hagane_host::protobuf::fields;

use super::call::Call;
use super::checkout::{Order, names};
use super::stage::Miss::{Failed, NotRun};
use super::stage::{Expected, Stage, Step, kustomization, same};

impl Stage {
    pub(super) fn hostile(&self, expected: &Expected) -> Step {
        let (checkout, application) = self.checkout(Order::Forward)?;
        let before = names(checkout.root())?;
        let texts = [
            "$(touch hostile)",
            "`touch hostile`",
            "--output=hostile",
            "../../hostile",
            "a\nb",
            "\u{1b}[31m",
            "; touch hostile",
            "{{ .Values }}",
            "-",
        ];
        for text in texts {
            let quoted = serde_json::Value::from(text).to_string();
            let parameters = [
                format!("[{{\"name\": {quoted}, \"string\": \"x\"}}]"),
                format!("[{{\"name\": \"x\", \"string\": {quoted}}}]"),
                format!("[{{\"name\": \"x\", \"array\": [{quoted}]}}]"),
                format!("[{{\"name\": \"x\", \"map\": {{{quoted}: {quoted}}}}}]"),
                text.to_owned(),
            ];
            for parameters in parameters {
                let call = Call::default().with("ARGOCD_APP_PARAMETERS", &parameters).with("PARAM_X", text);
                let answer = self.call(&application, &call)?;
                let ended = answer.code.is_some_and(|code| code < 64 || !self.plugin.is_ours);
                if !ended || (answer.is_success() && answer.stdout != expected.stdout) {
                    return Err(Failed("a parameter changes the manifests, or crashes the plugin".into()));
                }
            }
        }
        let mut call = Call::default();
        for name in [
            "SOPS_AGE_KEY_FILE",
            "SOPS_AGE_KEY",
            "ARGOCD_EXEC_TIMEOUT",
            "HOME",
            "PATH",
            "HAGANE_KUSTOMIZE_BUILD",
            "TMPDIR",
        ] {
            call = call.with(&format!("ARGOCD_ENV_{name}"), "1ms");
        }
        same(&self.call(&application, &call)?, expected)?;
        if self.served.is_some() {
            // A request that says of itself what only the administrator says.
            let mut call = Call::default().with("SOPS_AGE_KEY", "none").with("AWS_PROFILE", "none");
            call = call.with("SOPS_AGE_KEY_FILE", "/nonexistent").with("HAGANE_ALLOWED_HOSTS", "example.com");
            same(&self.call(&application, &call)?, expected)?;
        }
        self.quiet(expected)?;
        match names(checkout.root())? == before {
            true => Ok("45 parameters; ARGOCD_ENV_… overrides no setting".into()),
            false => Err(Failed("a parameter made a file".into())),
        }
    }

    pub(super) fn parameters(&self) -> Step {
        if !self.plugin.is_ours {
            return Err(NotRun("they have a command of their own".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let answer = self.verb("parameters", &application, &Call::default())?;
        if self.served.is_some() {
            // Field 1 is the list, and field 1 of each of its items the name.
            let list = fields(&answer.stdout).ok_or_else(|| Failed("the answer cannot be read".into()))?;
            let named =
                |item: &[u8]| fields(item).is_some_and(|item| item.iter().any(|(field, _)| *field == 1));
            return match list.iter().all(|(_, item)| named(item)) {
                true => Ok(format!("{} parameters", list.len())),
                false => Err(Failed("a parameter has no name".into())),
            };
        }
        let announced =
            serde_json::from_slice::<Vec<serde_json::Map<String, serde_json::Value>>>(&answer.stdout);
        match announced {
            Ok(list) if list.iter().all(|one| one.get("name").is_some_and(|name| name.is_string())) => {
                Ok(format!("{} parameters", list.len()))
            }
            _ => Err(Failed("it is no list of objects with names".into())),
        }
    }

    pub(super) fn large(&self) -> Step {
        if !self.large {
            return Err(NotRun("`--large` renders 96 MiB".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let Some(kustomization) = kustomization(&application) else {
            return Err(NotRun("there is no kustomization to replace".into()));
        };
        let text = "x".repeat(1 << 20);
        let mut resources = String::from("resources:\n");
        for number in 0..96 {
            resources.push_str(&format!("- large-{number}.yaml\n"));
            let manifest = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: large-{number}}}\ndata: {{x: {text}}}\n"
            );
            fs::write(application.join(format!("large-{number}.yaml")), manifest)?;
        }
        fs::write(kustomization, resources)?;
        let answer = self.call(&application, &Call::default())?;
        match answer.is_success() && answer.stdout.len() > 96 << 20 {
            true => Ok(format!("{} MiB in {:.1} s", answer.stdout.len() >> 20, answer.time.as_secs_f64())),
            false => Err(Failed(answer.stderr.trim_end().to_owned())),
        }
    }
}
