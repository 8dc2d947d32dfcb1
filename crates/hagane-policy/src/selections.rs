//! Selectors of pods, found by the labels that pods have, and pods, found by what selects them.

use std::collections::{BTreeMap, HashMap};

/// A key and its value.
pub(crate) type Label<'a> = (&'a str, &'a str);

/// Labels that pods of a namespace must have.
pub(crate) struct Selecting {
    pub(crate) namespace: String,
    pub(crate) labels: Vec<(String, String)>,
    /// Whether there is more to the selector than labels, or nothing at all where that takes all pods.
    pub(crate) is_open: bool,
}

impl Selecting {
    /// Returns whether pods with these labels are selected.
    pub(crate) fn takes(&self, namespace: &str, labels: &[Label]) -> bool {
        self.namespace == namespace
            && (self.is_open || !self.labels.is_empty())
            && self.labels().all(|label| labels.contains(&label))
    }

    /// Returns the labels that pods must have.
    pub(crate) fn labels(&self) -> impl Iterator<Item = Label<'_>> {
        self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Selectors, each with something of its own.
pub(crate) struct Selections<T> {
    all: Vec<(Selecting, T)>,
    /// Places in `all`, by namespace and the value of a label; those without labels by an empty one.
    by_value: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl<T> Selections<T> {
    /// Each selector is found by the value that the fewest name: one that all have would lead from every pod
    /// to every selector.
    pub(crate) fn of(all: Vec<(Selecting, T)>) -> Selections<T> {
        let mut counts: HashMap<Label, usize> = HashMap::new();
        for (own, _) in &all {
            own.labels().for_each(|(_, value)| *counts.entry((&own.namespace, value)).or_default() += 1);
        }
        let mut by_value: HashMap<String, HashMap<String, Vec<usize>>> = HashMap::new();
        for (place, (own, _)) in all.iter().enumerate() {
            let count = |value: &&str| counts.get(&(own.namespace.as_str(), *value)).copied();
            let rarest = own.labels().map(|(_, value)| value).min_by_key(count).unwrap_or_default();
            let values = by_value.entry(own.namespace.clone()).or_default();
            values.entry(rarest.to_owned()).or_default().push(place);
        }
        Selections { all, by_value }
    }

    /// Returns the selectors that take pods with these labels, in their order.
    pub(crate) fn taking<'s>(
        &'s self,
        namespace: &str,
        labels: &[Label],
    ) -> impl Iterator<Item = &'s (Selecting, T)> + use<'s, T> {
        let mut places = Vec::new();
        if let Some(by_value) = self.by_value.get(namespace) {
            let values = labels.iter().map(|(_, value)| *value).chain([""]);
            let found = values.filter_map(|value| by_value.get(value)).flatten().copied();
            places.extend(found.filter(|place| self.all[*place].0.takes(namespace, labels)));
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| &self.all[place])
    }
}

impl<T> Default for Selections<T> {
    fn default() -> Selections<T> {
        Selections { all: Vec::new(), by_value: HashMap::new() }
    }
}

/// Labels of pods.
#[derive(Default)]
pub(crate) struct Labelled {
    pods: Vec<Vec<(String, String)>>,
    by_label: BTreeMap<(String, String), Vec<usize>>,
}

impl Labelled {
    /// Notes a pod.
    pub(crate) fn note(&mut self, labels: Vec<(String, String)>) {
        for label in &labels {
            self.by_label.entry(label.clone()).or_default().push(self.pods.len());
        }
        self.pods.push(labels);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Returns whether one of the pods has all the labels.
    pub(crate) fn has_one_with(&self, labels: &[Label]) -> bool {
        let having = |(key, value): &Label| self.by_label.get(&((*key).to_owned(), (*value).to_owned()));
        // The rarest label leaves the fewest to look at.
        let some = labels.iter().map(|label| having(label).map_or(&[][..], Vec::as_slice));
        let some = some.min_by_key(|pods| pods.len()).unwrap_or_default();
        let has = |pod: &[(String, String)], (key, value): &Label| {
            pod.iter().any(|(own, text)| own == key && text == value)
        };
        some.iter().any(|pod| labels.iter().all(|label| has(&self.pods[*pod], label)))
    }
}
