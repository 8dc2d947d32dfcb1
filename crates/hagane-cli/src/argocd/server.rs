//! What the plugin server says in the environment.
//!
//! Names that begin with `ARGOCD_ENV_` hold what an Application's author wrote. None is read, here or anywhere: a setting that
//! fell back to one would be theirs, and not the administrator's.

use std::ffi::OsString;
use std::time::Duration;

use hagane::{Failed, Fault};
use hagane_host::Hosts;

use crate::failure;

/// The variable with the path of the application in its repository.
pub(super) const SOURCE_PATH: &str = "ARGOCD_APP_SOURCE_PATH";

/// How long Argo CD waits for the manifests of a plugin when nobody says otherwise.
pub(super) const PLUGIN: Duration = Duration::from_secs(60);

/// The same for programs that it starts itself, as kustomize.
pub(super) const PROGRAM: Duration = Duration::from_secs(90);

/// No time limit is longer: clocks have an end.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// What the plugin server says in the environment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// How long it waits.
    pub(super) timeout: Duration,
    /// Where the application lies in its repository.
    pub(super) source_path: Option<String>,
    /// The cluster's version, for charts.
    pub(super) kube_version: String,
    /// What the cluster serves, for charts.
    pub(super) api_versions: Vec<String>,
}

impl Server {
    /// Reads what is said; `usual` is how long Argo CD waits when it does not say.
    pub(super) fn read(
        environment: &dyn Fn(&str) -> Option<OsString>,
        usual: Duration,
    ) -> Result<Server, Failed> {
        let text = |name: &str| match environment(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(failure(Fault::Usage, format!("`{name}` is no text"))),
        };
        let timeout = match text("ARGOCD_EXEC_TIMEOUT")?.filter(|text| !text.is_empty()) {
            None => usual,
            Some(text) => duration(&text).ok_or_else(|| {
                failure(Fault::Usage, "`ARGOCD_EXEC_TIMEOUT` is no duration, as `90s` and `2m30s` are")
            })?,
        };
        let kube_version = text("KUBE_VERSION")?.unwrap_or_default();
        if !kube_version.is_empty() && !is_version(&kube_version) {
            return Err(failure(Fault::Usage, "`KUBE_VERSION` is no version, as `1.34.1` is"));
        }
        let api_versions = text("KUBE_API_VERSIONS")?.unwrap_or_default();
        let api_versions: Vec<String> =
            api_versions.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        if !api_versions.iter().all(|one| is_api_version(one)) {
            let message = "`KUBE_API_VERSIONS` is no list of API versions, as `v1,apps/v1` is";
            return Err(failure(Fault::Usage, message));
        }
        Ok(Server { timeout, source_path: text(SOURCE_PATH)?, kube_version, api_versions })
    }

    /// Returns how long a run may take: so much less than the server waits that it can say why there is nothing.
    pub(super) fn limit(&self) -> Duration {
        let reserve = (self.timeout / 10).clamp(Duration::from_millis(200), Duration::from_secs(5));
        self.timeout.saturating_sub(reserve).max(self.timeout / 2)
    }
}

/// Returns the hosts that a repository may have asked: those of the flag, or of the environment, or any that are not near.
pub(super) fn hosts(flag: Option<&Hosts>) -> Result<Hosts, Failed> {
    let variable = "HAGANE_ALLOWED_HOSTS";
    let wrong = |what: &str| failure(Fault::Usage, format!("`{variable}`: {what}"));
    match (flag, hagane_host::environment(variable).filter(|list| !list.is_empty())) {
        (Some(hosts), _) => Ok(hosts.clone()),
        (None, None) => Ok(Hosts::Beyond),
        (None, Some(list)) => {
            let list = list.into_string().map_err(|_| wrong("it is no text"))?;
            Hosts::named(&list)
                .map_err(|name| wrong(&format!("`{name}` is no host, as `git.example.com` is")))
        }
    }
}

/// Reads the hosts of a flag.
pub(super) fn named_hosts(list: &str) -> Result<Hosts, String> {
    Hosts::named(list)
        .map_err(|name| format!("`{name}` is no host, as `git.example.com` and `*.example.com` are"))
}

fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
}

/// `v1`, `apps/v1`, `apps/v1/Deployment`: what cannot be taken for a flag or a path.
fn is_api_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let is_part = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
    };
    text.len() <= 512 && parts.len() <= 3 && parts.iter().all(is_part)
}

/// Reads a duration as Go writes it: `90s`, `2m30s`, `1.5h`, `500ms`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..letters] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero() && *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text: &str, milliseconds: Option<u64>| {
            assert_eq!(duration(text), milliseconds.map(Duration::from_millis), "{text}");
        };
        check("90s", Some(90_000));
        check("2m30s", Some(150_000));
        check("1.5h", Some(5_400_000));
        check("500ms", Some(500));
        check("0s", None);
        check("9999999999999999999s", None);
        check("", None);
        check("90", None);
        check("-1s", None);
        check("1e9s", None);
        check("1d", None);
        check("..s", None);
    }

    #[test]
    fn what_the_server_says() {
        let check = |variables: &[(&str, &str)], expected: Result<(u64, &str, usize), &str>| {
            let environment = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| OsString::from(value))
            };
            let read = Server::read(&environment, PLUGIN)
                .map(|server| {
                    (
                        server.limit().as_millis() as u64,
                        server.kube_version.clone(),
                        server.api_versions.len(),
                    )
                })
                .map_err(|failed| failed.diagnostics[0].message.clone());
            let expected = expected.map(|(limit, version, count)| (limit, version.to_owned(), count));
            assert_eq!(read, expected.map_err(str::to_owned));
        };
        check(&[], Ok((55_000, "", 0)));
        check(&[("ARGOCD_EXEC_TIMEOUT", "90s")], Ok((85_000, "", 0)));
        check(&[("ARGOCD_EXEC_TIMEOUT", "300ms")], Ok((150, "", 0)));
        check(&[("ARGOCD_ENV_ARGOCD_EXEC_TIMEOUT", "1s")], Ok((55_000, "", 0)));
        check(
            &[("KUBE_VERSION", "1.34.1"), ("KUBE_API_VERSIONS", "v1,apps/v1/Deployment,")],
            Ok((55_000, "1.34.1", 2)),
        );
        check(&[("KUBE_VERSION", "v1.34.1+k3s1")], Ok((55_000, "v1.34.1+k3s1", 0)));
        check(
            &[("ARGOCD_EXEC_TIMEOUT", "soon")],
            Err("`ARGOCD_EXEC_TIMEOUT` is no duration, as `90s` and `2m30s` are"),
        );
        check(&[("KUBE_VERSION", "--post-renderer=x")], Err("`KUBE_VERSION` is no version, as `1.34.1` is"));
        let no_list = "`KUBE_API_VERSIONS` is no list of API versions, as `v1,apps/v1` is";
        check(&[("KUBE_API_VERSIONS", "v1,-f")], Err(no_list));
        check(&[("KUBE_API_VERSIONS", "../../etc")], Err(no_list));
        check(&[("KUBE_API_VERSIONS", "v1 apps/v1")], Err(no_list));
        check(&[("KUBE_API_VERSIONS", "a/b/c/d")], Err(no_list));
    }
}
