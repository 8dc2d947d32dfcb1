//! The version of Kubernetes that manifests are for.

use std::fmt;

/// A version of Kubernetes: `1.34`. Patch releases do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    minor: u32,
}

impl KubernetesVersion {
    /// The newest version whose rules are known.
    pub const LATEST: KubernetesVersion = KubernetesVersion::new(37);

    /// The oldest version whose rules are known: before it, seccomp profiles were annotations.
    pub const OLDEST: KubernetesVersion = KubernetesVersion::new(19);

    /// Returns the version `1.minor`.
    pub const fn new(minor: u32) -> KubernetesVersion {
        KubernetesVersion { minor }
    }

    /// Returns the version that a text names: `1.34`, `v1.34.2` or `latest`. A newer one than
    /// [`Self::LATEST`] is taken as that.
    pub fn parse(text: &str) -> Option<KubernetesVersion> {
        if text == "latest" {
            return Some(KubernetesVersion::LATEST);
        }
        let numbers = text.strip_prefix('v').unwrap_or(text);
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse::<u32>().ok(),
            false => None,
        };
        let parts: Vec<Option<u32>> = numbers.split('.').map(number).collect();
        let (&[Some(1), Some(minor)] | &[Some(1), Some(minor), Some(_)]) = parts.as_slice() else {
            return None;
        };
        let version = KubernetesVersion::new(minor);
        (version >= KubernetesVersion::OLDEST).then(|| version.min(KubernetesVersion::LATEST))
    }

    /// Returns whether this is `1.minor` or newer.
    pub fn is_at_least(self, minor: u32) -> bool {
        self.minor >= minor
    }
}

impl Default for KubernetesVersion {
    fn default() -> KubernetesVersion {
        KubernetesVersion::LATEST
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let check = |text: &str, minor: Option<u32>| {
            assert_eq!(KubernetesVersion::parse(text), minor.map(KubernetesVersion::new), "{text}");
        };
        check("1.34", Some(34));
        check("v1.25.3", Some(25));
        check("latest", Some(37));
        check("1.99", Some(37));
        for wrong in ["", "1", "1.", "2.1", "1.x", "1.18", "1.34.1.2", "1.34-alpha", "1.+34", "1.99999999999"]
        {
            check(wrong, None);
        }
    }
}
