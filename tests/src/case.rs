//! A case as text: parts in the order in which they happen.

use crate::entry::Entry;

/// One case file.
#[derive(Debug)]
pub struct Case {
    /// The sentences at the top, as they stand in the file.
    pub title: String,
    /// Files and commands, in order.
    pub parts: Vec<Part>,
}

/// What happens next in a case.
#[derive(Debug)]
pub enum Part {
    /// A file or directory appears. The text is how the case says it, header line included.
    Make(Entry, String),
    /// A command runs.
    Run(Command),
}

/// A command and what it is to say. What a case does not say is empty, and exit code 0.
#[derive(Debug)]
pub struct Command {
    /// The line after `$ `.
    pub line: String,
    /// Assignments before the program's name.
    pub env: Vec<(String, String)>,
    /// The program's name and its arguments.
    pub words: Vec<String>,
    /// What it is to say.
    pub expected: Expected,
}

/// What a command is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Standard output: a text, or the name of a file of this repository that holds it.
    pub stdout: Stdout,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub exit: i32,
}

/// Where an expected standard output stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// In the case.
    Here(String),
    /// In a file of this repository.
    File(String),
}

impl Default for Stdout {
    fn default() -> Stdout {
        Stdout::Here(String::new())
    }
}

/// What is known as a command's name at the start of a `$ ` line.
const PROGRAMS: [&str; 3] = ["hagane", "cat", "ls"];

impl Case {
    /// Reads a case, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Case, String> {
        let mut sections = sections(text);
        let title = match sections.first() {
            Some(Section::Text(_)) => match sections.remove(0) {
                Section::Text(text) => text,
                _ => unreachable!("the first section is a text"),
            },
            _ => return Err("a case starts with a sentence in a comment".into()),
        };
        if !title.starts_with("# ") || title.lines().any(|line| !line.is_empty() && !line.starts_with('#')) {
            return Err("a case starts with a sentence in a comment".into());
        }
        let mut parts = Vec::new();
        for section in sections {
            match section {
                Section::Text(_) => unreachable!("only the first section has no head"),
                Section::Command(line) => parts.push(Part::Run(Command::parse(&line)?)),
                Section::Headed { head, body } => take(&mut parts, &head, body)?,
            }
        }
        match parts.iter().any(|part| matches!(part, Part::Run(_))) {
            true => Ok(Case { title, parts }),
            false => Err("a case has a command, `$ hagane …`".into()),
        }
    }

    /// Returns the case as text again.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for part in &self.parts {
            match part {
                Part::Make(_, source) => text.push_str(source),
                Part::Run(command) => command.write(&mut text),
            }
        }
        text
    }

    /// Returns the commands.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.parts.iter().filter_map(|part| match part {
            Part::Run(command) => Some(command),
            Part::Make(..) => None,
        })
    }
}

/// Adds what a headed section says to the parts: an output of the last command, or an entry.
fn take(parts: &mut Vec<Part>, head: &str, body: String) -> Result<(), String> {
    if let Some(Part::Run(command)) = parts.last_mut()
        && command.expected.take(head, &body)?
    {
        return Ok(());
    }
    let source = format!("-- {head} --\n{body}");
    parts.push(Part::Make(Entry::parse(head, body)?, source));
    Ok(())
}

impl Expected {
    /// Takes a section that names an output, and returns whether it does.
    fn take(&mut self, head: &str, body: &str) -> Result<bool, String> {
        let (name, text) = match head.strip_suffix(", no newline") {
            Some(name) => (name, without_newline(body.to_owned())),
            None => (head, body.to_owned()),
        };
        match name {
            "stdout" => self.stdout = Stdout::Here(text),
            "stderr" => self.stderr = text,
            "exit" => self.exit = text.trim().parse().map_err(|_| format!("exit `{}`", text.trim()))?,
            _ => match name.strip_prefix("stdout is ") {
                Some(file) => self.stdout = Stdout::File(file.to_owned()),
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

pub(crate) fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

impl Command {
    fn parse(line: &str) -> Result<Command, String> {
        let mut words = words(line)?;
        let count = words.iter().take_while(|word| is_assignment(word)).count();
        let env = words
            .drain(..count)
            .filter_map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        Ok(Command { line: line.to_owned(), env, words, expected: Expected::default() })
    }

    fn write(&self, text: &mut String) {
        text.push_str(&format!("$ {}\n", self.line));
        match &self.expected.stdout {
            Stdout::Here(stdout) => write_section(text, "stdout", stdout),
            Stdout::File(file) => text.push_str(&format!("-- stdout is {file} --\n")),
        }
        write_section(text, "stderr", &self.expected.stderr);
        if self.expected.exit != 0 {
            text.push_str(&format!("-- exit --\n{}\n", self.expected.exit));
        }
    }
}

fn write_section(text: &mut String, name: &str, body: &str) {
    if body.is_empty() {
        return;
    }
    match body.ends_with('\n') {
        true => text.push_str(&format!("-- {name} --\n{body}")),
        false => text.push_str(&format!("-- {name}, no newline --\n{body}\n")),
    }
}

/// Splits a command line at blanks; single and double quotes keep blanks.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        Some(_) => Err(format!("a quote is not closed: {line}")),
        None => Ok(words),
    }
}

enum Section {
    Text(String),
    Command(String),
    Headed { head: String, body: String },
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(head) = head(line) {
            sections.push(Section::Headed { head: head.to_owned(), body: String::new() });
        } else if let Some(command) = command(line) {
            sections.push(Section::Command(command.to_owned()));
        } else {
            match sections.last_mut() {
                Some(Section::Headed { body, .. } | Section::Text(body)) => body.push_str(line),
                // An empty line after a command that says nothing.
                Some(Section::Command(_)) => {}
                None => sections.push(Section::Text(line.to_owned())),
            }
        }
    }
    sections
}

fn head(line: &str) -> Option<&str> {
    line.strip_suffix('\n')?.strip_prefix("-- ")?.strip_suffix(" --")
}

fn command(line: &str) -> Option<&str> {
    let line = line.strip_prefix("$ ")?.trim_end();
    let program = line.split(' ').find(|word| !is_assignment(word))?;
    PROGRAMS.contains(&program).then_some(line)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_written_as_it_was_read() {
        let text = "# A sentence.\n\n-- a.yaml --\nx: 1\n\n-- link b -> a.yaml --\n$ A=1 hagane build 'x y'\n\
                    -- stdout --\nout\n-- stderr, no newline --\nerr\n-- exit --\n3\n-- c --\n$ ls .\n$ cat c\n";
        let case = Case::parse(text).unwrap();
        assert_eq!(case.text(), text);
        let first = case.commands().next().unwrap();
        assert_eq!(first.env, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(first.words, ["hagane", "build", "x y"]);
        assert_eq!(first.expected.stderr, "err");
        assert_eq!(first.expected.exit, 3);
    }

    #[test]
    fn a_wrong_case_is_refused() {
        for text in ["", "no sentence\n$ hagane\n", "# No command.\n-- a --\n", "# Quote.\n$ hagane 'a\n"] {
            assert!(Case::parse(text).is_err(), "{text:?}");
        }
    }
}
