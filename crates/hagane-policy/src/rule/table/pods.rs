//! Pods: accounts, names, probes, how they end.

use super::OFF;
use crate::rule::Mode::Fill;
use crate::rule::{Fallback, Look, Parameter, ParameterKind, Rule};
use crate::rules;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "service-account-name",
        group: "service-account",
        title: "`serviceAccountName` is used, not its old name.",
        why: "The old name is deprecated.",
        risk: "",
        baseline: Fill,
        restricted: Fill,
        look: Look::Pod(rules::service_account_name),
        ..OFF
    },
    Rule {
        name: "service-account-token",
        group: "service-account",
        title: "Pods of the service account `default` get no token when no role is bound to it.",
        why: "A token that nothing needs is only of use to an intruder.",
        risk: "A program that asks the API server all the same is refused; bindings outside of the render are not seen.",
        look: Look::Pod(rules::service_account_token),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "service-links",
        group: "service-account",
        title: "No variables for Services.",
        why: "They grow with the namespace, and clash with names of the program.",
        risk: "A program that reads `…_SERVICE_HOST` does not find it.",
        look: Look::Pod(rules::service_links),
        ..OFF
    },
    Rule {
        name: "ndots",
        group: "dns",
        title: "`ndots` is low.",
        why: "With the usual 5, a name like `api.example.com` is looked up some five times.",
        risk: "With 1, names like `service.namespace` are first asked for outside of the cluster; musl does not search at all then.",
        parameters: &[Parameter {
            name: "value",
            title: "the number of dots from which a name is first taken as it is",
            kind: ParameterKind::Integer(0, 15),
            fallback: Fallback::Integer(2),
        }],
        look: Look::Pod(rules::ndots),
        ..OFF
    },
    Rule {
        name: "host-network-dns",
        group: "dns",
        title: "Pods in the network of their node find Services.",
        why: "Without `ClusterFirstWithHostNet` they ask the DNS server of the node.",
        risk: "Names that only the DNS server of the node knows go through that of the cluster.",
        look: Look::Pod(rules::host_network_dns),
        ..OFF
    },
    Rule {
        name: "given-probes",
        group: "probes",
        title: "Containers have the probes that their kind is known to answer.",
        why: "A platform knows once what its images answer.",
        risk: "A probe that the image does not answer keeps it from being ready, or restarts it.",
        baseline: Fill,
        restricted: Fill,
        look: Look::Pod(rules::given_probes),
        ..OFF
    },
    Rule {
        name: "startup-probe",
        group: "probes",
        title: "What has a liveness probe has a startup probe.",
        why: "Without it, a slow start is taken for a failure.",
        risk: "A readiness probe that waits for others is asked at the start: while they are away, the container is restarted.",
        look: Look::Pod(rules::startup_probe),
        ..OFF
    },
    Rule {
        name: "tcp-readiness",
        group: "probes",
        title: "Behind a Service, a container is ready when its port takes connections.",
        why: "Without a readiness probe, requests come before anything listens.",
        risk: "A port that is opened late, or only on `127.0.0.1`, keeps the pod from being ready.",
        look: Look::Pod(rules::tcp_readiness),
        looks_around: true,
        ..OFF
    },
    Rule {
        name: "grpc-probes",
        group: "probes",
        title: "What serves gRPC is asked with gRPC.",
        why: "Kubernetes speaks the health protocol itself; no program in the image is needed.",
        risk: "A server without the health service is never ready.",
        look: Look::Pod(rules::grpc_probes),
        ..OFF
    },
    Rule {
        name: "probe-delay",
        group: "probes",
        title: "A liveness probe behind a startup probe has no delay.",
        why: "The startup probe waits as long as the start takes, and no longer.",
        risk: "Taken away only in `enforce`.",
        look: Look::Pod(rules::probe_delay),
        ..OFF
    },
    Rule {
        name: "pre-stop",
        group: "shutdown",
        title: "Behind a Service, containers sleep before they end, and have the time for it.",
        why: "Proxies send requests for some seconds after a pod began to end.",
        risk: "Pods end later by as many seconds.",
        parameters: &[Parameter {
            name: "seconds",
            title: "how long",
            kind: ParameterKind::Integer(1, 3600),
            fallback: Fallback::Integer(5),
        }],
        look: Look::Pod(rules::pre_stop),
        looks_around: true,
        ..OFF
    },
];
