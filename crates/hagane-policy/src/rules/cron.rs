//! CronJobs and Jobs.

use hagane_resource::Gvk;
use hagane_yaml::Node;

use crate::field::{Whole, given, number, text_or_empty};
use crate::field_path::FieldPath;
use crate::proposal::Proposal;
use crate::scope::Scope;

fn is(gvk: &Gvk, kind: &str) -> bool {
    gvk.group == "batch" && gvk.kind == kind
}

/// Proposes a value for a field of `spec` of one kind.
fn fill(
    scope: &Scope,
    kind: &str,
    key: &'static str,
    message: &'static str,
    value: impl FnOnce() -> Node,
    out: &mut Vec<Proposal>,
) {
    let tree = scope.resource.tree();
    if is(scope.resource.gvk(), kind) && given(tree.at(&["spec", key])).is_none() {
        out.push(Proposal::new(FieldPath::of(&["spec", key]), message).fill(value()));
    }
}

pub(crate) fn cron_history(scope: &Scope, out: &mut Vec<Proposal>) {
    let message = "of the Jobs that failed, only the last is kept";
    fill(scope, "CronJob", "failedJobsHistoryLimit", message, || scope.number("value", None), out);
}

pub(crate) fn cron_concurrency(scope: &Scope, out: &mut Vec<Proposal>) {
    let message = "a Job may start while the one before it still runs";
    fill(scope, "CronJob", "concurrencyPolicy", message, || Node::string(scope.text("value", None)), out);
}

pub(crate) fn cron_deadline(scope: &Scope, out: &mut Vec<Proposal>) {
    let schedule = scope.resource.tree().at(&["spec", "schedule"]);
    let seconds = || match (scope.integer("seconds", None), schedule) {
        (0, Some(schedule)) => Whole::from(deadline(text_or_empty(Some(schedule))), schedule),
        (0, None) => Whole::plain(deadline("")),
        (seconds, _) => Whole::plain(seconds),
    };
    let message = "a start that was missed is made up for however late it is";
    fill(scope, "CronJob", "startingDeadlineSeconds", message, || number(seconds()), out);
}

/// Returns half of the time between two starts, and no less than a minute: under ten seconds
/// nothing would start at all.
fn deadline(schedule: &str) -> i64 {
    const HOUR: i64 = 3600;
    let step =
        |field: &str| field.strip_prefix("*/").and_then(|step| step.parse::<i64>().ok()).filter(|s| *s > 0);
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let period = match fields.as_slice() {
        ["@hourly"] => HOUR,
        ["*", ..] => 60,
        [minutes, ..] if step(minutes).is_some() => step(minutes).unwrap_or(1).min(60) * 60,
        [minutes, ..] if minutes.contains([',', '-']) => 60,
        [_, "*", ..] => HOUR,
        [_, hours, ..] if step(hours).is_some() => step(hours).unwrap_or(1).min(24) * HOUR,
        [_, hours, ..] if hours.contains([',', '-']) => HOUR,
        _ => 24 * HOUR,
    };
    (period / 2).max(60)
}

pub(crate) fn job_ttl(scope: &Scope, out: &mut Vec<Proposal>) {
    let message = "the Job stays when it is done";
    fill(scope, "Job", "ttlSecondsAfterFinished", message, || scope.number("seconds", None), out);
}

/// How often a Job tries again; what a CronJob makes has its own place for it.
pub(crate) fn job_backoff(scope: &Scope, out: &mut Vec<Proposal>) {
    let (tree, gvk) = (scope.resource.tree(), scope.resource.gvk());
    let path = match () {
        () if is(gvk, "Job") => FieldPath::of(&["spec"]),
        () if is(gvk, "CronJob") => FieldPath::of(&["spec", "jobTemplate", "spec"]),
        () => return,
    };
    let is_job = path.get(tree).is_some_and(|spec| spec.as_mapping().is_some());
    let path = path.key("backoffLimit");
    if is_job && given(path.get(tree)).is_none() {
        let message = "a Job that fails is tried six times more";
        out.push(Proposal::new(path, message).fill(scope.number("value", None)));
    }
}

#[cfg(test)]
mod tests {
    use super::deadline;

    #[test]
    fn a_deadline_is_half_the_time_between_starts() {
        let check = |schedule: &str, want: i64| assert_eq!(deadline(schedule), want, "{schedule}");
        check("* * * * *", 60);
        check("*/10 * * * *", 300);
        check("0 * * * *", 1800);
        check("30 */6 * * *", 10800);
        check("0 3 * * *", 43200);
        check("0,30 * * * *", 60);
        check("@hourly", 1800);
        check("@daily", 43200);
        check("", 43200);
        check("*/99999999999999999 * * * *", 1800);
    }
}
