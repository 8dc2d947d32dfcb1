//! Probes: those that a platform's images are known to answer, and what follows from those that are there.
//!
//! A liveness probe that nobody gave is never made: a wrong one restarts what works. What runs
//! to its end has no probes.

use hagane_yaml::Node;

use crate::field::{Whole, given, integer, items, mapping, number, text, whole};
use crate::pod::{Class, Container, Pod};
use crate::pod_security::named;
use crate::policy::PROBES;
use crate::proposal::Proposal;
use crate::scope::Scope;
use crate::surroundings::Target;

/// Returns the containers that may have probes.
fn probed<'p>(pod: &'p Pod<'_>) -> impl Iterator<Item = &'p Container<'p>> {
    pod.lasting().filter(|_| !pod.runs_to_end())
}

pub(crate) fn given_probes(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let Some(policy) = scope.policy() else { return };
    for container in probed(pod) {
        for field in PROBES {
            let Some(probe) = policy.probe(field, scope.resource, container) else { continue };
            let message = format!("{} has no `{field}`, and is known to answer one", named(container));
            let proposal = Proposal::of(container, &[field], message);
            match container.get(&[field]) {
                None if is_port_there(container, probe) => out.push(proposal.fill(probe.clone())),
                None => out.push(Proposal {
                    message: format!("{}, but has no port of that name", proposal.message).into(),
                    ..proposal
                }),
                Some(own) if own == probe => {}
                // The author knows better, unless the policy enforces.
                Some(_) => {
                    let message = format!(
                        "{} has another `{field}` than its kind is known to answer",
                        named(container)
                    );
                    if scope.is_enforced(container) {
                        out.push(Proposal { message: message.into(), ..proposal }.replace(probe.clone()));
                    }
                }
            }
        }
    }
}

/// Returns whether the port of a probe is a number, or the name of a port of the container.
fn is_port_there(container: &Container, probe: &Node) -> bool {
    let port = ["httpGet", "tcpSocket"].iter().find_map(|action| probe.at(&[action, "port"]));
    match port {
        Some(port) if integer(Some(port)).is_none() => items(container.get(&["ports"]))
            .iter()
            .any(|own| own.get("name").and_then(Node::as_str) == port.as_str()),
        _ => true,
    }
}

/// A container that is ready at some time has started by then: the startup probe is the
/// readiness probe with patience.
pub(crate) fn startup_probe(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in probed(pod) {
        let slow = |probe: &&Node| integer(probe.get("initialDelaySeconds")).unwrap_or(0) > 30;
        let Some(liveness) = container.get(&["livenessProbe"]) else { continue };
        let source = match container.get(&["readinessProbe"]) {
            Some(readiness) => readiness,
            None if slow(&liveness) => liveness,
            None => continue,
        };
        if container.get(&["startupProbe"]).is_some() {
            continue;
        }
        let Some(handler) = handler(source) else { continue };
        let message = format!("{} is restarted when it starts slowly", named(container));
        let proposal = Proposal::of(container, &["startupProbe"], message);
        let Some((period, failures)) = patience(source, liveness) else {
            out.push(proposal);
            continue;
        };
        let mut probe = mapping([("failureThreshold", number(failures)), ("periodSeconds", number(period))]);
        if let Node::Mapping(probe) = &mut probe {
            probe.push(handler.0, handler.1.clone());
            if let Some(timeout) = source.get("timeoutSeconds").filter(|node| !node.is_null()) {
                probe.push("timeoutSeconds", timeout.clone());
            }
        }
        out.push(proposal.fill(probe));
    }
}

/// Returns how often a startup probe asks, and how often in vain: for no less time than the liveness probe
/// alone would give; nothing where a number is none that the API server takes.
fn patience(source: &Node, liveness: &Node) -> Option<(Whole, Whole)> {
    let most = i64::from(i32::MAX);
    let field = |probe: &Node, name, usual| {
        let Some(node) = given(probe.get(name)) else { return Some(Whole::plain(usual)) };
        // Kubernetes takes 0 for what is usual.
        let value = whole(Some(node)).filter(|number| (0..=most).contains(&number.value()))?;
        Some(value.with(value, |value, _| if value == 0 { usual } else { value }))
    };
    let (period, delay) = (field(source, "periodSeconds", 10)?, field(source, "initialDelaySeconds", 0)?);
    let alive = field(liveness, "periodSeconds", 10)?
        .with(field(liveness, "failureThreshold", 3)?, |period, failures| period * failures)
        .with(field(liveness, "initialDelaySeconds", 0)?, |time, delay| time + delay);
    let failures = delay
        .with(period, |delay, period| 30 + (delay + period - 1) / period)
        .with(alive.with(period, |alive, period| (alive + period - 1) / period), i64::max);
    (failures.value() <= most).then_some((period, failures))
}

fn handler(probe: &Node) -> Option<(&'static str, &Node)> {
    ["httpGet", "tcpSocket", "grpc", "exec"]
        .into_iter()
        .find_map(|action| probe.get(action).filter(|node| !node.is_null()).map(|node| (action, node)))
}

/// A Service sends to a port of the container: until it takes connections, nothing should come.
pub(crate) fn tcp_readiness(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    let Some(others) = scope.surroundings() else { return };
    let targets: Vec<&Target> =
        others.services_of(scope.resource, pod).flat_map(|service| &service.targets).collect();
    if targets.is_empty() {
        return;
    }
    for container in probed(pod).filter(|container| container.class == Class::App) {
        if PROBES.iter().any(|field| container.get(&[field]).is_some()) {
            continue;
        }
        let ports = items(container.get(&["ports"]));
        let Some(port) = ports.iter().find(|port| is_target(port, &targets)) else { continue };
        let port = match given(port.get("name")).and_then(Node::as_scalar) {
            Some(name) => Node::string(name.text.clone()),
            None => match whole(port.get("containerPort")) {
                Some(port) => number(port),
                None => continue,
            },
        };
        let message = format!("{} gets requests before it takes connections", named(container));
        let probe = mapping([("tcpSocket", mapping([("port", port)]))]);
        out.push(Proposal::of(container, &["readinessProbe"], message).fill(probe));
    }
}

/// A port that is called `grpc` is asked with gRPC's own health check, which Kubernetes speaks; a program in
/// the image that does the same is not needed.
pub(crate) fn grpc_probes(scope: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    if !scope.version.is_at_least(24) {
        return;
    }
    for container in probed(pod) {
        for field in PROBES {
            let Some(port) = container.get(&[field, "exec", "command"]).and_then(asked_port) else {
                continue;
            };
            let mut probe = container.get(&[field]).and_then(Node::as_mapping).cloned().unwrap_or_default();
            probe.remove("exec");
            probe.push("grpc", mapping([("port", number(port))]));
            let message = format!(
                "`{field}` of {} starts a program to ask what Kubernetes asks itself",
                named(container)
            );
            out.push(Proposal::of(container, &[field], message).replace(Node::Mapping(probe)));
        }
        let is_grpc = |port: &&Node| {
            text(port.get("name")).is_some_and(|name| name == "grpc" || name.starts_with("grpc-"))
        };
        let port = items(container.get(&["ports"])).iter().find(is_grpc);
        let number_of = |port: &Node| whole(port.get("containerPort"));
        if let (None, Some(port)) = (container.get(&["readinessProbe"]), port.and_then(number_of)) {
            let message = format!("{} gets requests before it says that it serves", named(container));
            let probe = mapping([("grpc", mapping([("port", number(port))]))]);
            out.push(Proposal::of(container, &["readinessProbe"], message).fill(probe));
        }
    }
}

/// Returns the port that `grpc_health_probe` asks, if that is all that it is told.
fn asked_port(command: &Node) -> Option<Whole> {
    let words: Vec<&str> = items(Some(command)).iter().filter_map(Node::as_str).collect();
    let (program, rest) = words.split_first()?;
    let [address] = rest else { return None };
    let port = address.trim_start_matches('-').strip_prefix("addr=")?;
    let is_program = program.rsplit('/').next() == Some("grpc_health_probe");
    let port = port.strip_prefix("localhost").or(port.strip_prefix("127.0.0.1")).unwrap_or(port);
    let port = port.strip_prefix(':').filter(|_| is_program)?.parse().ok()?;
    Some(Whole::from(port, command))
}

/// A delay is a guess about the slowest start; a startup probe ends when the start does.
pub(crate) fn probe_delay(_: &Scope, pod: &Pod, out: &mut Vec<Proposal>) {
    for container in probed(pod).filter(|container| container.get(&["startupProbe"]).is_some()) {
        let keys = ["livenessProbe", "initialDelaySeconds"];
        if integer(container.get(&keys)).is_some_and(|delay| delay > 0) {
            let message = format!("the startup probe of {} waits already", named(container));
            out.push(Proposal::of(container, &keys, message).remove());
        }
    }
}

fn is_target(port: &Node, targets: &[&Target]) -> bool {
    if text(port.get("protocol")).is_some_and(|protocol| protocol != "TCP") {
        return false;
    }
    let number = integer(port.get("containerPort"));
    let name = text(port.get("name"));
    targets.iter().any(|target| match target {
        Target::Number(target) => number == Some(*target),
        Target::Name(target) => name == Some(target),
    })
}
