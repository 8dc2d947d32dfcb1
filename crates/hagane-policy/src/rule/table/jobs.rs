//! Jobs and CronJobs.

use super::OFF;
use crate::rule::Mode::Fill;
use crate::rule::{Fallback, Look, Parameter, ParameterKind, Rule};
use crate::rules;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cron-history",
        group: "jobs",
        title: "Several failed Jobs of a CronJob are kept.",
        why: "With the usual 1, the reason of a failure is gone with the next.",
        risk: "",
        baseline: Fill,
        restricted: Fill,
        parameters: &[Parameter {
            name: "value",
            title: "how many",
            kind: ParameterKind::Integer(1, 100),
            fallback: Fallback::Integer(3),
        }],
        look: Look::Resource(rules::cron_history),
        ..OFF
    },
    Rule {
        name: "cron-deadline",
        group: "jobs",
        title: "Starts of a CronJob that were missed are not made up for long after.",
        why: "After an outage, what is late starts at a bad time.",
        risk: "A start that is delayed for longer is left out.",
        parameters: &[Parameter {
            name: "seconds",
            title: "how late a Job may start; 0 for half of the time between two starts",
            kind: ParameterKind::Integer(0, 604800),
            fallback: Fallback::Integer(0),
        }],
        look: Look::Resource(rules::cron_deadline),
        ..OFF
    },
    Rule {
        name: "cron-concurrency",
        group: "jobs",
        title: "CronJobs say what happens when a Job still runs at the next start.",
        why: "With the usual `Allow`, slow Jobs pile up.",
        risk: "With `Forbid`, a Job that hangs keeps the next from starting.",
        parameters: &[Parameter {
            name: "value",
            title: "what happens",
            kind: ParameterKind::Text(&["Allow", "Forbid", "Replace"]),
            fallback: Fallback::Text("Forbid"),
        }],
        look: Look::Resource(rules::cron_concurrency),
        ..OFF
    },
    Rule {
        name: "job-ttl",
        group: "jobs",
        title: "Jobs go away when they are done.",
        why: "They and their pods stay otherwise.",
        risk: "What deploys from git makes a Job anew that went away, and it runs again.",
        parameters: &[Parameter {
            name: "seconds",
            title: "how long they stay",
            kind: ParameterKind::Integer(0, 31536000),
            fallback: Fallback::Integer(86400),
        }],
        look: Look::Resource(rules::job_ttl),
        ..OFF
    },
    Rule {
        name: "job-backoff",
        group: "jobs",
        title: "Jobs say how often they try again.",
        why: "With the usual 6, a Job that cannot succeed runs for an hour.",
        risk: "A Job that fails by chance has fewer tries.",
        parameters: &[Parameter {
            name: "value",
            title: "how many more tries",
            kind: ParameterKind::Integer(0, 100),
            fallback: Fallback::Integer(3),
        }],
        look: Look::Resource(rules::job_backoff),
        ..OFF
    },
];
