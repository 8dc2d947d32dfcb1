//! Why a file cannot be decrypted. No variant holds a plaintext, or a value of the file: where ciphertext was
//! expected, the value may be a secret that somebody forgot to encrypt.

use std::fmt;

use hagane_yaml::Span;

use crate::{Attempt, MasterKey};

/// Why a file cannot be decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptError {
    /// The text is not of its format.
    Syntax {
        /// Where.
        span: Span,
        /// What is wrong.
        message: String,
    },
    /// The file has no SOPS metadata.
    NoMetadata,
    /// A file that is to be encrypted has SOPS metadata.
    AlreadyEncrypted {
        /// Where.
        span: Span,
    },
    /// The metadata is incomplete or contradicts itself.
    BadMetadata {
        /// Where.
        span: Span,
        /// The field, as the file spells it.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The comments of a kubesec file are incomplete, or do not fit what stands above them.
    BadKubesec {
        /// Where.
        span: Span,
        /// What is wrong.
        problem: &'static str,
    },
    /// A kubesec file is of a version that has no MAC, or was made to look so.
    KubesecWithoutMac {
        /// Where the version stands.
        span: Span,
        /// The version.
        version: u8,
    },
    /// No identity opens enough key groups.
    NoKey(NoKey),
    /// The keys opened, but what they gave is no data key.
    BadDataKey {
        /// Where the metadata is.
        span: Span,
    },
    /// A value cannot be decrypted.
    BadValue {
        /// Where.
        span: Span,
        /// The key path: `data.password`.
        path: String,
        /// What is wrong with it.
        problem: ValueProblem,
    },
    /// The file has no MAC.
    MacMissing {
        /// Where the metadata is.
        span: Span,
    },
    /// The MAC is not one that the data key made for this time of modification.
    MacUndecryptable {
        /// Where the MAC is.
        span: Span,
    },
    /// The values are not those that the MAC was made for.
    MacMismatch {
        /// Where the MAC is.
        span: Span,
    },
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueProblem {
    /// The value should be encrypted and is not.
    NotEncrypted,
    /// The value is cut or has foreign characters.
    Malformed,
    /// The value was altered, or belongs under another key or into another file.
    NotAuthentic,
    /// The value's type is none that SOPS writes.
    UnknownType,
    /// The value is not of the type it claims.
    WrongType,
    /// The value has a type that its format cannot hold.
    Unsupported,
    /// The key is not a string.
    KeyNotString,
}

/// Why no data key was found: what was tried for every group of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey {
    /// Where the metadata is.
    pub span: Span,
    /// The groups of the file, in its order.
    pub groups: Vec<GroupFailure>,
    /// How many groups must open.
    pub needed: usize,
}

/// What was tried for a group of keys. An opened group has no keys here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFailure {
    /// Whether the group opened.
    pub opened: bool,
    /// The keys that did not help, and what was tried for each.
    pub keys: Vec<(MasterKey, Vec<Attempt>)>,
}

/// Whose turn it is after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The file is wrong.
    Input,
    /// The file may be right; a key is missing.
    Key,
}

impl DecryptError {
    /// Returns the position, if the error has one.
    pub fn span(&self) -> Option<Span> {
        let span = match self {
            DecryptError::NoMetadata => return None,
            DecryptError::NoKey(no_key) => no_key.span,
            DecryptError::Syntax { span, .. }
            | DecryptError::BadMetadata { span, .. }
            | DecryptError::BadKubesec { span, .. }
            | DecryptError::KubesecWithoutMac { span, .. }
            | DecryptError::AlreadyEncrypted { span }
            | DecryptError::BadDataKey { span }
            | DecryptError::BadValue { span, .. }
            | DecryptError::MacMissing { span }
            | DecryptError::MacUndecryptable { span }
            | DecryptError::MacMismatch { span } => *span,
        };
        span.is_known().then_some(span)
    }

    /// Returns whose turn it is.
    pub fn class(&self) -> ErrorClass {
        match self {
            DecryptError::NoKey(_) => ErrorClass::Key,
            _ => ErrorClass::Input,
        }
    }

    /// Returns what would be right, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            DecryptError::Syntax { .. } | DecryptError::NoMetadata => return None,
            DecryptError::AlreadyEncrypted { .. } => {
                "SOPS keeps its metadata there; the file is encrypted already, or the key needs another name".into()
            }
            DecryptError::BadMetadata { .. } => {
                "the `sops` block is written by `sops`; restore the file, or encrypt it again".into()
            }
            DecryptError::BadKubesec { .. } => "restore the file as kubesec wrote it".into(),
            DecryptError::KubesecWithoutMac { .. } => {
                "restore the file if it ever was of version 3 or 4; else look at its history, and make a SOPS file of it: `hagane migrate kubesec --without-mac FILE`".into()
            }
            DecryptError::NoKey(no_key) => no_key.hint(),
            DecryptError::BadDataKey { .. } => "the key groups were mixed up; restore the file".into(),
            DecryptError::BadValue { problem, .. } => problem.hint().into(),
            DecryptError::MacMissing { .. } => "the MAC shows that nobody has altered the file; restore it".into(),
            DecryptError::MacUndecryptable { .. } | DecryptError::MacMismatch { .. } => {
                "somebody edited the encrypted file, or a merge mixed two versions of it; restore one of them, and edit with `sops edit`".into()
            }
        })
    }
}

impl ValueProblem {
    fn hint(self) -> &'static str {
        match self {
            ValueProblem::NotEncrypted => {
                "if the value was added by hand, take it out, and add it with `sops edit`; if it was ever pushed, change it"
            }
            ValueProblem::KeyNotString => "put the key in quotes",
            _ => "restore the value, or set it again with `sops edit`",
        }
    }
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueProblem::NotEncrypted => "it should be encrypted, and is not",
            ValueProblem::Malformed => "the ciphertext is cut or altered",
            ValueProblem::NotAuthentic => "it was altered, or belongs to another key or file",
            ValueProblem::UnknownType => "its type is unknown",
            ValueProblem::WrongType => "it is not of the type it claims",
            ValueProblem::Unsupported => "its type does not exist in this format",
            ValueProblem::KeyNotString => "the key is not a string",
        })
    }
}

impl NoKey {
    fn hint(&self) -> String {
        let attempts = || self.groups.iter().flat_map(|g| &g.keys).flat_map(|(_, tried)| tried);
        if attempts().next().is_none() {
            return "put an identity into SOPS_AGE_KEY, or its file into SOPS_AGE_KEY_FILE".into();
        }
        "ask somebody who can open the file to add your recipient: `sops updatekeys FILE`".into()
    }

    /// Returns what was tried, a line each: for notes below the message.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for (key, tried) in self.groups.iter().flat_map(|g| &g.keys) {
            if tried.is_empty() {
                notes.push(match key {
                    MasterKey::Age(_) => format!("{key}: no identity was found"),
                    _ => format!("{key}: there is no service for keys of this kind"),
                });
            }
            notes.extend(tried.iter().map(|attempt| format!("{key}: {} {}", attempt.source, attempt.reason)));
        }
        notes
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = self.groups.iter().flat_map(|g| &g.keys).map(|(key, _)| key);
        let opened = self.groups.iter().filter(|g| g.opened).count();
        match (keys.next(), keys.count()) {
            _ if self.groups.len() > 1 => {
                write!(f, "cannot open enough key groups: {opened} of the {} needed", self.needed)
            }
            (Some(key), 0) => write!(f, "cannot unwrap the data key with {key}"),
            (Some(_), more) => write!(f, "cannot unwrap the data key with any of {} keys", more + 1),
            (None, _) => f.write_str("the file names no key"),
        }
    }
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecryptError::Syntax { message, .. } => f.write_str(message),
            DecryptError::NoMetadata => f.write_str("the file has no SOPS metadata"),
            DecryptError::AlreadyEncrypted { .. } => f.write_str("the file has a top-level key `sops`"),
            DecryptError::BadMetadata { field, problem, .. } => {
                write!(f, "SOPS metadata: `{field}` {problem}")
            }
            DecryptError::BadKubesec { problem, .. } => write!(f, "kubesec: {problem}"),
            DecryptError::KubesecWithoutMac { version, .. } => write!(
                f,
                "kubesec: a file of version {version} has no MAC: nobody knows whether values are missing, or older than the others"
            ),
            DecryptError::NoKey(no_key) => no_key.fmt(f),
            DecryptError::BadDataKey { .. } => f.write_str("the parts of the data key do not fit together"),
            DecryptError::BadValue { path, problem, .. } => write!(f, "cannot decrypt `{path}`: {problem}"),
            DecryptError::MacMissing { .. } => f.write_str("the file has no MAC"),
            DecryptError::MacUndecryptable { .. } => {
                f.write_str("the MAC cannot be decrypted: it or `lastmodified` was altered")
            }
            DecryptError::MacMismatch { .. } => {
                f.write_str("the MAC does not match: values of the file were altered, removed or moved")
            }
        }
    }
}

impl std::error::Error for DecryptError {}
