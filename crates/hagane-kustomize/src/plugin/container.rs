//! Functions in containers.

use std::ffi::OsString;
use std::path::{Component, Path};

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::Node;
use zeroize::Zeroizing;

use super::environment::Variables;
use super::function::Place;
use crate::decode::{Names, Object};
use crate::process::{Environment, Output, Process, ProcessError, not_run};

/// A container, and what it is given.
#[derive(Clone, Debug, Default)]
pub(super) struct Container {
    pub(super) image: String,
    pub(super) network: bool,
    pub(super) mounts: Vec<Mount>,
    variables: Vec<String>,
}

/// Storage that a container is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) writable: bool,
}

/// The programs that run containers, the first of which is there is used.
const RUNNERS: [&str; 2] = ["docker", "podman"];
/// Variables by which those find their daemon.
const RUNNER_VARIABLES: [&str; 6] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "CONTAINERS_CONF",
];

impl Container {
    /// Returns a container that is given nothing.
    pub(super) fn of_image(image: &str) -> Container {
        Container { image: image.to_owned(), ..Container::default() }
    }

    pub(super) fn decode(node: &Node) -> Result<Container, Diagnostic> {
        let object = Object::new(node, "container", &["image", "network", "mounts", "envs"])?;
        Ok(Container {
            image: object.text("image")?,
            network: object.bool("network")?,
            mounts: object.list("mounts", Mount::decode)?,
            variables: object.strings("envs")?.into_iter().map(|text| text.value).collect(),
        })
    }

    /// Runs the container over a list of resources.
    pub(super) fn run(&self, place: &Place, stdin: Zeroizing<Vec<u8>>) -> Result<Output, Diagnostic> {
        let Place { processes, at, .. } = *place;
        let own = self.variables.iter().map(String::as_str);
        let given = || place.plugins.variables.iter().map(String::as_str);
        let variables = Variables::of(
            ["LOG_TO_STDERR=true", "STRUCTURED_RESULTS=true"].into_iter().chain(own).chain(given()),
        );
        let mut process = Process {
            program: OsString::new(),
            arguments: self.arguments(place, &variables),
            environment: Environment::WithoutSecrets,
            variables: RUNNER_VARIABLES
                .iter()
                .filter_map(|name| Some((name.into(), processes.variable(name)?)))
                // A function may ask for any variable; those that may be secret are the user's to give.
                .chain(Variables::of(given()).passed_on(processes))
                .collect(),
            directory: place.directory.to_owned(),
            stdin,
            time_limit: Some(place.plugins.time_limit),
        };
        let mut end = Err(ProcessError::NotFound);
        for runner in RUNNERS {
            process.program = runner.into();
            end = processes.run(&process);
            if end != Err(ProcessError::NotFound) {
                return end.map_err(|error| not_run(&error, runner, at));
            }
        }
        end.map_err(|_| {
            Diagnostic::error(
                at,
                format!("there is neither `{}` nor `{}` to run containers", RUNNERS[0], RUNNERS[1]),
            )
            .with_fault(Fault::Access)
            .hinted("install one, or use a function that is a program (`exec`)")
        })
    }

    fn arguments(&self, place: &Place, variables: &Variables) -> Vec<OsString> {
        let (plugins, root) = (place.plugins, place.directory);
        let user = plugins.user.as_deref().unwrap_or("nobody");
        let network = if self.network { "host" } else { "none" };
        let fixed = [
            "run",
            "--rm",
            "-i",
            "-a",
            "STDIN",
            "-a",
            "STDOUT",
            "-a",
            "STDERR",
            "--network",
            network,
            "--user",
            user,
            "--security-opt=no-new-privileges",
        ];
        let mut arguments: Vec<OsString> = fixed.iter().map(OsString::from).collect();
        let given = plugins.mounts.iter().map(|text| Mount::of(text));
        for mount in self.mounts.iter().cloned().chain(given) {
            arguments.extend(["--mount".into(), mount.argument(root).into()]);
        }
        arguments.extend(variables.arguments().map(OsString::from));
        arguments.push(self.image.clone().into());
        arguments
    }
}

impl Mount {
    fn decode(node: &Node) -> Result<Mount, Diagnostic> {
        const NAMES: Names = &["type", "src", "dst", "rw"];
        let object = Object::new(node, "a mount", NAMES)?;
        Ok(Mount {
            kind: object.text("type")?,
            source: object.text("src")?,
            target: object.text("dst")?,
            writable: object.bool("rw")?,
        })
    }

    /// Returns the mount of a flag: `type=bind,src=PATH,dst=PATH,rw=true`.
    fn of(text: &str) -> Mount {
        let mut mount = Mount::default();
        for (key, value) in text.split(',').filter_map(|option| option.split_once('=')) {
            match key {
                "type" => mount.kind = value.to_owned(),
                "src" | "source" => mount.source = value.to_owned(),
                "dst" | "target" => mount.target = value.to_owned(),
                "rw" => mount.writable = value == "true",
                _ => {}
            }
        }
        mount
    }

    fn argument(&self, root: &Path) -> String {
        let source = match Path::new(&self.source).is_absolute() {
            true => self.source.clone(),
            false => crate::sources::normalized(&root.join(&self.source)).to_string_lossy().into_owned(),
        };
        let mode = if self.writable { "" } else { ",readonly" };
        format!("type={},source={source},target={}{mode}", self.kind, self.target)
    }
}

/// Returns whether a path is absolute or leads above where it starts.
pub(super) fn leads_out(path: &str) -> bool {
    let mut depth = 0_i64;
    let mut lowest = 0;
    for part in Path::new(path).components() {
        match part {
            Component::RootDir | Component::Prefix(_) => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
        }
        lowest = lowest.min(depth);
    }
    lowest < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_flags() {
        let check =
            |text: &str, expected: &str| assert_eq!(Mount::of(text).argument(Path::new("/root")), expected);
        check("type=bind,src=/a,dst=/b,rw=true", "type=bind,source=/a,target=/b");
        check("type=bind,source=a,target=/b", "type=bind,source=/root/a,target=/b,readonly");
        check("type=tmpfs,dst=/z", "type=tmpfs,source=/root,target=/z,readonly");
        check("type=bind,src=../a,dst=b,rw=yes,x", "type=bind,source=/a,target=b,readonly");
    }

    #[test]
    fn paths_that_lead_out() {
        let check = |path: &str, expected: bool| assert_eq!(leads_out(path), expected, "{path}");
        check("/a", true);
        check("../a", true);
        check("a/../../b", true);
        check("a/../b", false);
        check("./a", false);
        check("", false);
    }
}
