//! Resources in order, each id once.

use std::collections::HashMap;

use compact_str::CompactString;

use crate::{CLUSTER, ResId, Resource};

/// Resources in the order they were added. No two have the same current id when they are added; transformers
/// may make ids meet later, as in kustomize.
#[derive(Clone, Default)]
pub struct ResourceSet {
    resources: Vec<Resource>,
    /// `None` until somebody asks, and after changes that were not followed.
    by_name: Option<Index>,
}

/// Places of resources by every name they have or had. A place may stay under a name that its resource lost.
#[derive(Clone, Default)]
struct Index {
    places: HashMap<CompactString, Vec<usize>>,
    /// The same by name and namespace: a name may be in use in each of many namespaces.
    by_namespace: HashMap<(CompactString, CompactString), Vec<usize>>,
    /// The places of those with a name that was decrypted.
    decrypted: Vec<usize>,
}

/// A resource whose id is there already.
#[derive(Clone, Debug)]
pub struct Duplicate {
    /// The id.
    pub id: ResId,
    /// Where the new one stands.
    pub span: hagane_yaml::Span,
    /// Where the old one stands.
    pub first: hagane_yaml::Span,
}

impl ResourceSet {
    /// Returns the resources.
    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.resources.iter()
    }

    /// Returns the resources for writing.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.by_name = None;
        self.resources.iter_mut()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Returns the resource at a place.
    pub fn get(&self, index: usize) -> &Resource {
        &self.resources[index]
    }

    /// Lets `change` write to the resource at a place.
    pub fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let result = change(&mut self.resources[place]);
        if let Some(index) = &mut self.by_name {
            note(index, &self.resources[place], place);
        }
        result
    }

    /// Returns the resource at a place for writing anything but its name and namespace.
    pub fn get_mut_keeping_name(&mut self, place: usize) -> &mut Resource {
        &mut self.resources[place]
    }

    /// Adds a resource.
    pub fn add(&mut self, resource: Resource) -> Result<(), Duplicate> {
        if let Some(&first) = self.with_current_id(resource.id()).first() {
            return Err(Duplicate {
                id: resource.id().clone(),
                span: resource.tree().span(),
                first: self.resources[first].tree().span(),
            });
        }
        let place = self.resources.len();
        if let Some(index) = &mut self.by_name {
            note(index, &resource, place);
        }
        self.resources.push(resource);
        Ok(())
    }

    /// Adds all of another set.
    pub fn add_all(&mut self, other: ResourceSet) -> Result<(), Duplicate> {
        if self.resources.is_empty() {
            // Nothing stands in the way but what they have become among themselves.
            other.check_ids()?;
            *self = other;
            return Ok(());
        }
        other.resources.into_iter().try_for_each(|resource| self.add(resource))
    }

    /// Refuses two resources that have the same current id.
    fn check_ids(&self) -> Result<(), Duplicate> {
        let mut seen = HashMap::with_capacity(self.resources.len());
        for resource in &self.resources {
            let id = resource.id();
            if let Some(first) = seen.insert((&id.name, &id.gvk, id.effective_namespace()), resource) {
                let (span, first) = (resource.tree().span(), first.tree().span());
                return Err(Duplicate { id: id.clone(), span, first });
            }
        }
        Ok(())
    }

    /// Puts a resource at the place of another.
    pub fn replace(&mut self, index: usize, resource: Resource) {
        self.change(index, |old| *old = resource);
    }

    /// Drops the resources that `keep` refuses.
    pub fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        let before = self.resources.len();
        self.resources.retain(keep);
        if self.resources.len() != before {
            self.by_name = None;
        }
    }

    /// Puts the resources in another order.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&Resource) -> K) {
        self.by_name = None;
        self.resources.sort_by_cached_key(key);
    }

    /// Returns the places of the resources with this current id.
    pub fn with_current_id(&mut self, id: &ResId) -> Vec<usize> {
        let places = self.index().of(id);
        places.into_iter().filter(|&i| self.resources[i].id().same_as(id)).collect()
    }

    /// Returns the places of the resources that have or had this id.
    pub fn with_any_id(&mut self, id: &ResId) -> Vec<usize> {
        let places = self.index().of(id);
        places
            .into_iter()
            .filter(|&i| !self.resources[i].is_empty() && self.resources[i].had_id(id))
            .collect()
    }

    /// Returns the places of the resources that may have or have had this name, in order: all that do are among them.
    pub fn named(&mut self, name: &str) -> &[usize] {
        self.index().places.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the places of the resources that may have or have had a decrypted name or namespace, in order.
    pub fn with_decrypted_names(&mut self) -> &[usize] {
        &self.index().decrypted
    }

    fn index(&mut self) -> &Index {
        let resources = &self.resources;
        self.by_name.get_or_insert_with(|| {
            let mut index = Index { places: HashMap::with_capacity(resources.len()), ..Index::default() };
            for (place, resource) in resources.iter().enumerate() {
                note(&mut index, resource, place);
            }
            index
        })
    }
}

impl Index {
    /// Returns the places of the resources that may have or have had this id, in order. Where one of the two ids does not
    /// know yet that its kind is of the whole cluster, they are in different namespaces here ([`ResId::same_as`]).
    fn of(&self, id: &ResId) -> Vec<usize> {
        if id.cluster_scoped {
            return self.places.get(&id.name).cloned().unwrap_or_default();
        }
        let of_namespace = |namespace: &str| self.by_namespace.get(&(id.name.clone(), namespace.into()));
        let places = [id.effective_namespace(), CLUSTER].into_iter().filter_map(of_namespace);
        let mut places: Vec<usize> = places.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn key(id: &ResId) -> (CompactString, CompactString) {
    (id.name.clone(), id.effective_namespace().into())
}

fn note(index: &mut Index, resource: &Resource, place: usize) {
    for id in std::iter::once(resource.id().clone()).chain(resource.former_ids()) {
        insert(index.places.entry(id.name.clone()).or_default(), place);
        insert(index.by_namespace.entry(key(&id)).or_default(), place);
    }
    if resource.has_decrypted_name() {
        insert(&mut index.decrypted, place);
    }
}

fn insert(places: &mut Vec<usize>, place: usize) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}

impl FromIterator<Resource> for ResourceSet {
    /// Collects resources without looking for ids that are there twice.
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> ResourceSet {
        ResourceSet { resources: resources.into_iter().collect(), by_name: None }
    }
}

impl IntoIterator for ResourceSet {
    type Item = Resource;
    type IntoIter = std::vec::IntoIter<Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.resources.into_iter()
    }
}

impl<'a> IntoIterator for &'a ResourceSet {
    type Item = &'a Resource;
    type IntoIter = std::slice::Iter<'a, Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.resources.iter()
    }
}
