//! The person at the terminal, whatever standard input and output are.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

fn terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").ok()
}

/// Shows a message, if there is a terminal.
pub(super) fn show(message: &str) {
    if let Some(mut terminal) = terminal() {
        // Where it cannot be shown there is nobody to see it.
        let _ = writeln!(terminal, "{}", message.replace(steers, "\u{fffd}"));
    }
}

/// Asks a question at the terminal and returns the answer; nothing where there is no terminal, or its end.
pub fn ask(question: &str) -> Option<String> {
    let mut terminal = terminal()?;
    write!(terminal, "{}", question.replace(steers, "\u{fffd}")).ok()?;
    line(&terminal).map(|answer| answer.to_string())
}

/// Asks for something that is not shown while it is typed.
pub(super) fn ask_secret(question: &str) -> Option<String> {
    let mut terminal = terminal()?;
    write!(terminal, "{}", question.replace(steers, "\u{fffd}")).ok()?;
    let silence = Silence::begin(&terminal)?;
    let answer = line(&terminal);
    drop(silence);
    let _ = writeln!(terminal);
    answer.map(|mut answer| std::mem::take(&mut *answer))
}

/// Returns whether a character would steer a terminal. Plugins of age say what they like.
fn steers(c: char) -> bool {
    c.is_control() && c != '\n'
}

fn line(terminal: &File) -> Option<Zeroizing<String>> {
    let mut answer = Zeroizing::new(String::with_capacity(1024));
    let read = BufReader::new(terminal).read_line(&mut answer).ok()?;
    let length = answer.trim_end_matches(['\n', '\r']).len();
    answer.truncate(length);
    (read > 0).then_some(answer)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Silence<'t> {
    fn begin(terminal: &'t File) -> Option<Silence<'t>> {
        let before = tcgetattr(terminal).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent).ok()?;
        Some(Silence { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // What cannot be put back now cannot be put back at all.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
