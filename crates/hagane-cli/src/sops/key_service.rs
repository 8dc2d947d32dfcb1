//! `sops keyservice`.

use std::io::Write as _;

use hagane_host::serve;

use super::arguments::KeyService;
use super::failure::{Failure, GENERIC};
use super::session::keyring;
use crate::Surroundings;

pub(super) fn run(arguments: &KeyService, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let (files, directory) = (surroundings.files, surroundings.directory.clone());
    let keys = keyring(&arguments.services, files, &directory)?;
    let say = |text: &str| {
        // Where nobody reads it the service serves all the same.
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    let ready = |address: &str| say(&format!("listening at {address}"));
    let asked = |question: &str| {
        // What a client sends must not steer the terminal.
        let question = &question.replace(char::is_control, "\u{fffd}");
        if arguments.verbose {
            say(question);
        }
        let agreed =
            || hagane_host::ask(&format!("{question}? (y/n): ")).is_some_and(|answer| answer.trim() == "y");
        !arguments.prompt || agreed()
    };
    serve(&arguments.network, &arguments.address, keys.forgetful(), &ready, &asked).map(|()| 0).map_err(
        |error| {
            let message = format!("cannot serve at `{}`: {}", arguments.address, hagane_host::words(&error));
            Failure::new(GENERIC, message)
        },
    )
}
