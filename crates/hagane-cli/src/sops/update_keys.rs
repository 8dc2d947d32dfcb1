//! `sops updatekeys`.

use std::fmt::Write as _;
use std::io::BufRead;
use std::path::Path;

use hagane::MasterKey;
use hagane::sops::Format;
use hagane_host::{Access, now};

use super::arguments::{Common, Services, UpdateKeys};
use super::failure::{Failure, GENERIC};
use super::file::{self, Input, types};
use super::recipe::rule;
use super::session::{Configuration, configuration, configuration_above, keyring, layout, sealing, shown};
use crate::message::one_line;
use crate::{Surroundings, output};

pub(super) fn run(arguments: &UpdateKeys, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let configuration = configuration(&arguments.common, &[], surroundings)?;
    let Some(configuration) = configuration else {
        return Err(Failure::new(GENERIC, "there is no `.sops.yaml` that says who may open files"));
    };
    let consent = if arguments.yes { Consent::Given } else { Consent::Asked };
    for file in &arguments.files {
        let input = Input::read(Some(file), &types(arguments.input_type.as_ref()), surroundings)?;
        update(&input, consent, &arguments.services, &arguments.common, &configuration, surroundings)?;
    }
    Ok(0)
}

/// Whether a file may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    /// Somebody is asked.
    Asked,
    /// What would change is only said.
    Never,
}

/// Updates a file of a tree. One that no rule is for is left out.
pub(crate) fn update_file(
    file: &Path,
    format: Format,
    consent: Consent,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let (services, common) = (Services::default(), Common::default());
    let from = surroundings.directory.join(file);
    let Some(configuration) = configuration_above(&from, &common, surroundings)? else { return Ok(()) };
    let format = format.name().to_owned();
    let input = Input::read(Some(file), &types(Some(&format)), surroundings)?;
    match rule(&input.name, Some(&configuration)) {
        Ok(Some(_)) => update(&input, consent, &services, &common, &configuration, surroundings),
        _ => Ok(()),
    }
}

fn update(
    input: &Input,
    consent: Consent,
    services: &Services,
    common: &Common,
    configuration: &Configuration,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let name = shown(&input.name, surroundings);
    let recipe = rule(&input.name, Some(configuration))?
        .ok_or_else(|| Failure::new(GENERIC, "`.sops.yaml` has no creation rules"))?;
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(services, files, &directory)?;
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
    match consent {
        Consent::Never => return Ok(()),
        Consent::Asked if !agreed(surroundings)? => return Ok(()),
        Consent::Asked | Consent::Given => {}
    }
    let opened = input.open(&keys, false, surroundings)?;
    let time = now();
    let sealing = sealing(&keys, &time, layout(common, Some(configuration)));
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
        let has = |keys: &[MasterKey], key: &MasterKey| {
            keys.iter().any(|known| known.full_name() == key.full_name())
        };
        let _ = writeln!(text, "group {}", index + 1);
        for key in old.iter().filter(|key| has(new, key)) {
            let _ = writeln!(text, "    {}", one_line(&key.full_name()));
        }
        for key in new.iter().filter(|key| !has(old, key)) {
            changed = true;
            let _ = writeln!(text, "+++ {}", one_line(&key.full_name()));
        }
        for key in old.iter().filter(|key| !has(new, key)) {
            changed = true;
            let _ = writeln!(text, "--- {}", one_line(&key.full_name()));
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
