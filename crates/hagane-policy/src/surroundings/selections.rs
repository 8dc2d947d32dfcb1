//! Selectors of pods, found by the labels that pods have.

use std::collections::BTreeMap;

use super::Selecting;

type Label = (String, String);

/// Selectors, each with something of its own.
pub(super) struct Selections<T> {
    all: Vec<(Selecting, T)>,
    /// Places in `all`, by namespace and first label; nothing where a selector names none.
    places: BTreeMap<(String, Option<Label>), Vec<usize>>,
}

impl<T> Selections<T> {
    pub(super) fn push(&mut self, pods: Selecting, own: T) {
        let key = (pods.namespace.clone(), pods.labels.first().cloned());
        self.places.entry(key).or_default().push(self.all.len());
        self.all.push((pods, own));
    }

    /// Returns what belongs to the selectors that take pods with these labels.
    pub(super) fn taking(&self, namespace: &str, labels: &[Label]) -> Vec<&T> {
        let firsts = labels.iter().cloned().map(Some).chain([None]);
        let places = firsts.filter_map(|first| self.places.get(&(namespace.to_owned(), first))).flatten();
        let found = places.map(|place| &self.all[*place]).filter(|(pods, _)| pods.takes(namespace, labels));
        found.map(|(_, own)| own).collect()
    }
}

impl<T> Default for Selections<T> {
    fn default() -> Selections<T> {
        Selections { all: Vec::new(), places: BTreeMap::new() }
    }
}
