//! All rules: what `hagane.yaml` can turn on, in the order in which they are applied.

mod cluster;
mod containers;
mod jobs;
mod pod_security;
mod pods;

use super::{Look, Mode, Rule};

const TABLES: &[&[Rule]] =
    &[pod_security::RULES, containers::RULES, pods::RULES, cluster::RULES, jobs::RULES];

const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

const ALL: [Rule; COUNT] = {
    let mut all = [OFF; COUNT];
    let (mut place, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            all[place] = TABLES[table][row];
            place += 1;
            row += 1;
        }
        table += 1;
    }
    all
};

/// All rules.
pub const RULES: &[Rule] = &ALL;

/// What most rules have in common: no profile turns them on.
const OFF: Rule = Rule {
    name: "",
    group: "",
    title: "",
    why: "",
    risk: "",
    baseline: Mode::Off,
    restricted: Mode::Off,
    parameters: &[],
    pod_security: None,
    look: Look::Resource(|_, _| {}),
    looks_around: false,
};
