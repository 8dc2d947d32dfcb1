//! `sops updatekeys`.

use std::fmt::Write as _;
use std::io::BufRead;
use std::path::Path;

use hagane::MasterKey;
use hagane_host::{Access, now};

use super::arguments::UpdateKeys;
use super::failure::{Failure, GENERIC};
use super::file::{self, Input, types};
use super::recipe::rule;
use super::session::{Configuration, configuration, keyring, layout, sealing, shown};
use crate::{Surroundings, output};

pub(super) fn run(arguments: &UpdateKeys, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let Some(configuration) = configuration else {
        return Err(Failure::new(GENERIC, "there is no `.sops.yaml` that says who may open files"));
    };
    for file in &arguments.files {
        update(file, arguments, &configuration, surroundings)?;
    }
    Ok(0)
}

fn update(
    file: &Path,
    arguments: &UpdateKeys,
    configuration: &Configuration,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let input = Input::read(Some(file), &types(arguments.input_type.as_ref()), surroundings)?;
    let name = shown(&input.name, surroundings);
    let recipe = rule(&input.name, Some(configuration))?
        .ok_or_else(|| Failure::new(GENERIC, "`.sops.yaml` has no creation rules"))?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let metadata = hagane::sops::read_metadata(&input.text, input.format, Default::default())
        .map_err(|error| Failure::new(GENERIC, error.to_string()))?;
    let now_groups: Vec<Vec<MasterKey>> = metadata
        .key_groups()
        .iter()
        .map(|group| group.iter().map(|wrapped| wrapped.key.clone()).collect())
        .collect();
    let groups = &recipe.key_groups;
    let wanted =
        recipe.shamir_threshold.or(metadata.shamir_threshold()).map(|wanted| wanted.min(groups.len()));
    let threshold = (groups.len() > 1).then(|| wanted.filter(|wanted| *wanted > 1).unwrap_or(groups.len()));
    let changes = changes(&now_groups, groups);
    if changes.is_none() && threshold == metadata.shamir_threshold() {
        return say(&format!("{name}: up to date\n"), surroundings);
    }
    let mut text = format!("{name}: who can open the file changes\n");
    text.push_str(&changes.unwrap_or_default());
    if threshold != metadata.shamir_threshold() {
        let count = |threshold: Option<usize>| threshold.map_or("none".into(), |count| count.to_string());
        let _ = writeln!(text, "threshold {} -> {}", count(metadata.shamir_threshold()), count(threshold));
    }
    output::print(text.as_bytes(), surroundings)?;
    if !arguments.yes && !agreed(surroundings)? {
        return Ok(());
    }
    let opened = input.open(&keys, false, surroundings)?;
    let time = now();
    let sealing = sealing(&keys, &time, layout(&arguments.common, Some(configuration)));
    let rewritten = opened.rewrap(groups, threshold, &sealing)?;
    file::write(input.place()?, &rewritten, Access::Usual, surroundings)?;
    say(&format!("{name}: updated\n"), surroundings)
}

/// Returns the groups, with `+++` before keys that come and `---` before those that go; nothing where none does.
fn changes(before: &[Vec<MasterKey>], after: &[Vec<MasterKey>]) -> Option<String> {
    let empty = Vec::new();
    let mut text = String::new();
    let mut changed = false;
    for index in 0..before.len().max(after.len()) {
        let (old, new) = (before.get(index).unwrap_or(&empty), after.get(index).unwrap_or(&empty));
        let has = |keys: &[MasterKey], key: &MasterKey| keys.iter().any(|known| known.name() == key.name());
        let _ = writeln!(text, "group {}", index + 1);
        for key in old.iter().filter(|key| has(new, key)) {
            let _ = writeln!(text, "    {}", key.name());
        }
        for key in new.iter().filter(|key| !has(old, key)) {
            changed = true;
            let _ = writeln!(text, "+++ {}", key.name());
        }
        for key in old.iter().filter(|key| !has(new, key)) {
            changed = true;
            let _ = writeln!(text, "--- {}", key.name());
        }
    }
    changed.then_some(text)
}

fn say(text: &str, surroundings: &mut Surroundings) -> Result<(), Failure> {
    // Where it cannot be said the file is as it should be all the same.
    let _ = surroundings.stderr.write_all(text.as_bytes());
    Ok(())
}

fn agreed(surroundings: &mut Surroundings) -> Result<bool, Failure> {
    output::print(b"Is this okay? (y/n): ", surroundings)?;
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}
