//! The administrator's policy: who may decrypt what, and where it may end.
//!
//! SOPS binds ciphertext to no path and no application: whoever copies a file has it decrypted by whoever holds the key. So the
//! policy says which application may use which keys for which files, and where the values may end. Nothing that it does not
//! allow is decrypted. It is never part of the repository that is rendered, and its subject is what the controller says, not
//! what a repository or a parameter says.

mod guard;
mod key_name;
mod path_pattern;
mod places;

use hagane_policy::Glob;
use hagane_resource::strict::{as_mapping, as_text, check_fields, items, mapping, present, text, unknown};
use hagane_yaml::{FileId, Mapping, Node, ParseOptions, Span, parse};

use crate::Diagnostic;
pub use guard::Guard;
pub(crate) use guard::{GuardedKeys, Opening};
use path_pattern::PathPattern;
pub(crate) use places::refuse_misplaced;

const API_VERSION: &str = "hagane.dev/v1alpha1";
const KIND: &str = "DecryptionPolicy";

/// Rules; what none of them allows is refused.
#[derive(Clone, Debug)]
pub struct DecryptionPolicy {
    rules: Vec<Rule>,
}

/// Who asks: facts of the controller. An empty one is not known, and no rule that names it is for the subject then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The project.
    pub project: String,
    /// The application.
    pub application: String,
    /// The namespace that the application goes to.
    pub namespace: String,
}

/// What one rule allows.
#[derive(Clone, Debug)]
struct Rule {
    name: String,
    projects: Option<Vec<Glob>>,
    applications: Option<Vec<Glob>>,
    namespaces: Option<Vec<Glob>>,
    files: Vec<PathPattern>,
    keys: Vec<Glob>,
    into: Into,
}

/// Where values may end.
#[derive(Clone, Debug)]
struct Into {
    namespaces: Vec<Glob>,
    kinds: Vec<Glob>,
    plaintext: Plaintext,
}

/// Where in a resource plaintext may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plaintext {
    /// In `data` and `stringData` of a Secret.
    Data,
    /// Anywhere, with a warning.
    Anywhere,
}

impl DecryptionPolicy {
    /// Reads a policy. All of it must be right: half a policy would allow what nobody meant.
    pub fn parse(content: &str, file: FileId) -> Result<DecryptionPolicy, Diagnostic> {
        let start = Span { file, line: 1, column: 1 };
        let skeleton = || format!("the file starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`");
        let documents = parse(content, file, &ParseOptions::default())?;
        let [document] = documents.as_slice() else {
            return Err(Diagnostic::error(start, "a decryption policy is one document").hinted(skeleton()));
        };
        let Node::Mapping(fields) = document else {
            return Err(Diagnostic::error(start, "a decryption policy is a mapping").hinted(skeleton()));
        };
        check_fields(fields, "a decryption policy", &["apiVersion", "kind", "rules"])?;
        for (field, wanted) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            let found = fields.get(field);
            if found.and_then(Node::as_str) != Some(wanted) {
                let error = Diagnostic::error(
                    found.map_or(start, Node::span),
                    format!("`{field}` must be `{wanted}`"),
                );
                return Err(error.hinted(skeleton()));
            }
        }
        if present(fields, "rules").is_none() {
            return Err(Diagnostic::error(start, "`rules` are missing")
                .hinted("`rules: []` lets nobody decrypt anything"));
        }
        let rules = items(fields, "rules")?.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        Ok(DecryptionPolicy { rules })
    }
}

fn rule(node: &Node) -> Result<Rule, Diagnostic> {
    let fields = as_mapping(node, "rules")?;
    let known = ["applications", "files", "into", "keys", "name", "namespaces", "projects"];
    check_fields(fields, "a rule", &known)?;
    let Some((name, _)) = text(fields, "name")? else {
        return Err(Diagnostic::error(node.span(), "a rule needs a `name`").hinted("refusals are told by it"));
    };
    let subject = |field: &str| match present(fields, field) {
        None => Ok(None),
        Some(_) => {
            required(fields, field, &name).map(|texts| Some(texts.into_iter().map(Glob::new).collect()))
        }
    };
    let rule = Rule {
        projects: subject("projects")?,
        applications: subject("applications")?,
        namespaces: subject("namespaces")?,
        files: required(fields, "files", &name)?.iter().map(|text| PathPattern::new(text)).collect(),
        keys: required(fields, "keys", &name)?.into_iter().map(Glob::new).collect(),
        into: into(fields, &name)?,
        name,
    };
    if rule.projects.is_none() && rule.applications.is_none() && rule.namespaces.is_none() {
        let message = format!("rule `{}` does not say for whom it is", rule.name);
        return Err(Diagnostic::error(node.span(), message)
            .hinted("`projects`, `applications` or `namespaces`; `\"*\"` is any"));
    }
    Ok(rule)
}

fn into(fields: &Mapping, rule: &str) -> Result<Into, Diagnostic> {
    let Some(into) = mapping(fields, "into")? else {
        let message = format!("rule `{rule}` does not say where values may end");
        return Err(Diagnostic::error(fields.span, message).hinted("`into: {namespaces: [shop]}`"));
    };
    check_fields(into, "into", &["kinds", "namespaces", "plaintext"])?;
    let kinds = match present(into, "kinds") {
        None => vec![Glob::new("Secret")],
        Some(_) => required(into, "kinds", rule)?.into_iter().map(Glob::new).collect(),
    };
    let plaintext = match text(into, "plaintext")? {
        None => Plaintext::Data,
        Some((word, _)) if word == "data" => Plaintext::Data,
        Some((word, _)) if word == "anywhere" => Plaintext::Anywhere,
        Some((word, node)) => return Err(unknown(node, "`plaintext`", &word, &["data", "anywhere"])),
    };
    let namespaces = required(into, "namespaces", rule)?.into_iter().map(Glob::new).collect();
    Ok(Into { namespaces, kinds, plaintext })
}

/// Returns the texts of a list that must have some: an empty one would read as none, and as any.
fn required(fields: &Mapping, field: &str, rule: &str) -> Result<Vec<String>, Diagnostic> {
    let texts =
        items(fields, field)?.iter().map(|item| as_text(item, field)).collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        let message = format!("`{field}` of rule `{rule}` must list something");
        return Err(Diagnostic::error(fields.get(field).map_or(fields.span, Node::span), message)
            .hinted("`*` is any text"));
    }
    Ok(texts)
}

impl Rule {
    /// Returns whether the rule is for a subject.
    fn is_for(&self, subject: &Subject) -> bool {
        let takes = |globs: &Option<Vec<Glob>>, fact: &str| match globs {
            None => true,
            Some(globs) => !fact.is_empty() && globs.iter().any(|glob| glob.takes(fact)),
        };
        takes(&self.projects, &subject.project)
            && takes(&self.applications, &subject.application)
            && takes(&self.namespaces, &subject.namespace)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = |text: &str| if text.is_empty() { "(not known)".to_owned() } else { format!("`{text}`") };
        write!(
            f,
            "application {} of project {} in namespace {}",
            known(&self.application),
            known(&self.project),
            known(&self.namespace)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_strictly() {
        let check = |rules: &str, expected: Result<usize, (&str, u32)>| {
            let content = format!("apiVersion: hagane.dev/v1alpha1\nkind: DecryptionPolicy\n{rules}");
            let read = DecryptionPolicy::parse(&content, FileId(1));
            let read =
                read.map(|policy| policy.rules.len()).map_err(|error| (error.message, error.span.line));
            assert_eq!(read, expected.map_err(|(message, line)| (message.to_owned(), line)), "{rules}");
        };
        let rule = |fields: &str| format!("rules:\n- {{{fields}}}");
        check("rules: []", Ok(0));
        check("", Err(("`rules` are missing", 1)));
        check("rules: {}", Err(("`rules` must be a sequence", 3)));
        check("rule: []", Err(("unknown field `rule` in a decryption policy", 3)));
        check("rules: []\n---\na: b", Err(("a decryption policy is one document", 1)));
        let whole = "name: a, projects: [p], files: [f], keys: [k], into: {namespaces: [n]}";
        check(&rule(whole), Ok(1));
        check(&rule(&whole.replace("name: a, ", "")), Err(("a rule needs a `name`", 4)));
        check(&rule(&whole.replace("projects: [p], ", "")), Err(("rule `a` does not say for whom it is", 4)));
        check(
            &rule(&whole.replace("projects: [p]", "projects: []")),
            Err(("`projects` of rule `a` must list something", 4)),
        );
        check(&rule(&whole.replace("files: [f], ", "")), Err(("`files` of rule `a` must list something", 4)));
        check(
            &rule(&whole.replace("keys: [k]", "keys: ['']")),
            Err(("`keys` of rule `a` must list something", 4)),
        );
        check(&rule(&whole.replace("keys: [k]", "keys: k")), Err(("`keys` must be a sequence", 4)));
        check(
            &rule(&whole.replace(", into: {namespaces: [n]}", "")),
            Err(("rule `a` does not say where values may end", 4)),
        );
        check(
            &rule(&whole.replace("namespaces: [n]", "")),
            Err(("`namespaces` of rule `a` must list something", 4)),
        );
        check(
            &rule(&whole.replace("{namespaces", "{plaintext: all, namespaces")),
            Err(("`plaintext` cannot be `all`", 4)),
        );
        check(
            &rule(&whole.replace("{namespaces", "{kind: [Secret], namespaces")),
            Err(("unknown field `kind` in into", 4)),
        );
        check(&rule(&format!("{whole}, recipients: [k]")), Err(("unknown field `recipients` in a rule", 4)));
    }

    #[test]
    fn a_rule_is_for_subjects_that_are_known() {
        let check = |fields: &str, project: &str, application: &str, namespace: &str, expected: bool| {
            let content = format!(
                "apiVersion: hagane.dev/v1alpha1\nkind: DecryptionPolicy\nrules:\n- {{name: a, {fields}, files: [f], keys: [k], into: {{namespaces: [n]}}}}"
            );
            let policy = DecryptionPolicy::parse(&content, FileId(1)).expect(fields);
            let subject = Subject {
                project: project.into(),
                application: application.into(),
                namespace: namespace.into(),
            };
            assert_eq!(policy.rules[0].is_for(&subject), expected, "{fields} for {subject}");
        };
        check("projects: [shop]", "shop", "web", "shop", true);
        check("projects: [shop]", "other", "web", "shop", false);
        check("projects: [shop]", "", "web", "shop", false);
        check("projects: ['*']", "", "web", "shop", false);
        check("projects: ['*']", "x", "", "", true);
        check("applications: [shop-*]", "p", "shop-web", "n", true);
        check("applications: [shop-*]", "p", "web-shop-", "n", false);
        check("namespaces: [a, b]", "p", "x", "b", true);
        check("namespaces: [a, b]", "p", "x", "c", false);
        check("projects: [p], namespaces: [a]", "p", "x", "a", true);
        check("projects: [p], namespaces: [a]", "q", "x", "a", false);
    }
}
