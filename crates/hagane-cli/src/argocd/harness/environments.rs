//! What is around a plugin: where it is, who runs it, when, and what it is told. None of it shows in the manifests.

use super::call::Call;
use super::checkout::Order;
use super::output::Printed;
use super::stage::Miss::{Failed, NotRun};
use super::stage::{Expected, Stage, Step, same};

impl Stage {
    pub(super) fn elsewhere(&self, expected: &Expected) -> Step {
        for order in [Order::Forward, Order::Backward] {
            let (_checkout, application) = self.checkout(order)?;
            same(&self.call(&application, &Call::default())?, expected)?;
        }
        Ok(String::new())
    }

    pub(super) fn environments(&self) -> Step {
        if !self.plugin.is_ours {
            return Err(NotRun("discovery and parameters have commands of their own".into()));
        }
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let only_application = Call {
            without: vec!["KUBE_VERSION", "KUBE_API_VERSIONS", "ARGOCD_APP_PARAMETERS"],
            ..Call::default()
        };
        let mut few = only_application.clone();
        few.without.extend(["ARGOCD_APP_NAMESPACE", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_REVISION"]);
        for (verb, call) in
            [("generate", &Call::default()), ("discover", &only_application), ("parameters", &few)]
        {
            let answer = self.verb(verb, &application, call)?;
            if !answer.is_success() {
                return Err(Failed(format!("`{verb}`: {}", answer.stderr.trim_end())));
            }
        }
        Ok(String::new())
    }

    pub(super) fn confined(&self, expected: &Expected) -> Step {
        let (_checkout, application) = self.checkout(Order::Forward)?;
        let mut could_not = Vec::new();
        match hagane_host::current_user().split(':').next() {
            Some("0") => {
                let call = Call { user: Some(999), ..Call::default() };
                match self.call(&application, &call) {
                    Ok(answer) => same(&answer, expected)?,
                    Err(_) => could_not.push("as user 999, who may not start the program"),
                }
            }
            _ => could_not.push("as user 999, which only root can start"),
        }
        let read_only = Call { read_only: true, ..Call::default() };
        let answer = self.call(&application, &read_only);
        match answer {
            Ok(answer) if answer.is_success() => same(&answer, expected)?,
            Ok(answer) if !answer.stderr.contains("unshare:") && !answer.stderr.contains("mount:") => {
                same(&answer, expected)?;
            }
            _ => could_not.push("on a root that is read-only, for which this machine has no `unshare`"),
        }
        match could_not.is_empty() {
            true => Ok("user 999; root read-only, in namespaces of its own".into()),
            false => Err(NotRun(format!("{}; the rest passed", could_not.join(", and ")))),
        }
    }

    pub(super) fn again(&self, expected: &Expected) -> Step {
        let printed = Printed::read(&expected.stdout).map_err(Failed)?;
        if printed.with_string_data() > 0 {
            return Err(Failed("a Secret has `stringData`, which Argo CD keeps as it is in places".into()));
        }
        let zones = ["UTC", "Asia/Kathmandu", "America/St_Johns", ":/nonexistent"];
        let languages = ["C", "tr_TR.UTF-8", "de_DE.ISO-8859-1", "ja_JP.UTF-8"];
        let mut checkout = self.checkout(Order::Forward)?;
        for run in 0..self.runs {
            if run % 10 == 9 {
                checkout = self.checkout(if run % 20 == 9 { Order::Backward } else { Order::Forward })?;
            }
            let language = languages[run / 4 % 4];
            let call =
                Call::default().with("TZ", zones[run % 4]).with("LANG", language).with("LC_ALL", language);
            same(&self.call(&checkout.1, &call)?, expected)?;
        }
        Ok(format!(
            "{} runs, {} objects: other paths, file orders, time zones, languages",
            self.runs, expected.objects
        ))
    }
}
