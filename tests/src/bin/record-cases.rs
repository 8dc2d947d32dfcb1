//! Writes what the peers say into the cases below the directories given. Started by `tests/peer/record`.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool of the developers")]

use std::error::Error;
use std::fs;
use std::path::Path;

use hagane_cases::case::{Case, Part};
use hagane_cases::{peer, run, suite};

fn main() -> Result<(), Box<dyn Error>> {
    let repository =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the suite lies in the repository")?;
    peer::check()?;
    let (mut cases, mut changed) = (0, 0);
    for directory in std::env::args().skip(1) {
        if !Path::new(&directory).exists() {
            continue;
        }
        for path in suite::find(Path::new(&directory))? {
            let text = fs::read_to_string(&path)?;
            let mut case = Case::parse(&text).map_err(|message| format!("{}: {message}", path.display()))?;
            let outputs = run::run(&case, repository, &mut peer::answer)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let commands = case.parts.iter_mut().filter_map(|part| match part {
                Part::Run(command) => Some(command),
                Part::Make(..) => None,
            });
            commands.zip(&outputs).for_each(|(command, output)| command.hear(output));
            cases += 1;
            if case.text() != text {
                changed += 1;
                println!("recorded {}", path.display());
                fs::write(&path, case.text())?;
            }
        }
    }
    println!("{cases} cases, {changed} changed");
    Ok(())
}
