//! Files whose keys a service holds: how often it is asked in a render, and how many times at once.
#![allow(clippy::unwrap_used, reason = "in a test an error is a failure")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use hagane::sops::{Contents, Format, Layout, Recipe, Sealing, Selector, encrypt_file};
use hagane::{
    DecryptionPolicy, Guard, KeyFailure, Keyring, MasterKey, MemoryFiles, Remembering, RenderOptions,
    SecretBytes, Subject, World, WrappedKey, render,
};

const KEY: &str = "projects/p/locations/l/keyRings/r/cryptoKeys/k";

/// A service that keeps data keys under numbers, and waits with its answers until so many have asked.
#[derive(Default)]
struct Service {
    kept: Mutex<Vec<SecretBytes>>,
    asked: Mutex<BTreeMap<String, usize>>,
    arrived: Condvar,
    wanted: usize,
}

impl Keyring for &Service {
    fn unwrap_key(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        let mut asked = self.asked.lock().unwrap();
        *asked.entry(key.enc.clone()).or_default() += 1;
        self.arrived.notify_all();
        let are_missing = |asked: &mut BTreeMap<String, usize>| asked.values().sum::<usize>() < self.wanted;
        let (asked, waited) =
            self.arrived.wait_timeout_while(asked, Duration::from_secs(60), are_missing).unwrap();
        drop(asked);
        if waited.timed_out() {
            return Err(KeyFailure::new("the service", "was asked by too few at once"));
        }
        let number: usize = key.enc.parse().map_err(|_| KeyFailure::new("the service", "knows numbers"))?;
        self.kept
            .lock()
            .unwrap()
            .get(number)
            .cloned()
            .ok_or_else(|| KeyFailure::new("the service", "has none"))
    }

    fn unwrap_bound(&self, key: &WrappedKey) -> Result<SecretBytes, KeyFailure> {
        self.unwrap_key(key)
    }

    fn wrap_key(&self, _: &mut MasterKey, data_key: &SecretBytes) -> Result<String, KeyFailure> {
        let mut kept = self.kept.lock().unwrap();
        kept.push(data_key.clone());
        Ok((kept.len() - 1).to_string())
    }
}

fn secret(name: &str, service: &Service) -> Vec<u8> {
    let text = format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  a: b\n");
    let contents = Contents::read(text.as_bytes(), Format::Yaml, Default::default()).unwrap();
    let selector = Selector::of_field("encrypted_regex", "^stringData$");
    let recipe = Recipe { key_groups: vec![vec![MasterKey::gcp_kms(KEY)]], selector, ..Recipe::default() };
    let count = Cell::new(0);
    let random = |bytes: &mut [u8]| {
        bytes.iter_mut().for_each(|byte| {
            count.set(count.get() + 1);
            *byte = count.get();
        })
    };
    let sealing = Sealing {
        keyring: &service,
        random: &random,
        time: "2026-11-21T15:21:45Z",
        layout: Layout::default(),
    };
    encrypt_file(&contents, &recipe, Format::Yaml, &sealing).unwrap()
}

/// Renders and returns how often the service was asked, or what was wrong.
fn check(files: &MemoryFiles, service: &Service) -> Result<Vec<usize>, String> {
    check_guarded(files, service, None)
}

fn check_guarded(files: &MemoryFiles, service: &Service, guard: Option<Guard>) -> Result<Vec<usize>, String> {
    let keyring = Remembering::new(service);
    let world = World::new(files, &keyring, Path::new("/"));
    match render(&world, Path::new("."), &RenderOptions { guard, ..RenderOptions::default() }) {
        Ok(_) => Ok(service.asked.lock().unwrap().values().copied().collect()),
        Err(failed) => Err(failed.diagnostics.iter().flat_map(|d| d.notes.clone()).collect()),
    }
}

#[test]
fn different_keys_are_asked_for_at_once() {
    let service = Service { wanted: 8, ..Service::default() };
    let mut files = MemoryFiles::new()
        .with("/kustomization.yaml", "resources: [a.yaml, base]\ngenerators: [ksops.yaml]\npatches: [{path: p.yaml, target: {name: a}}]\nsecretGenerator: [{name: g, files: [g.yaml], envs: []}]\n")
        .with("/base/kustomization.yaml", "resources: [b.yaml, c.yaml, kms.yaml]\n")
        .with("/ksops.yaml", "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: k}\nfiles: [k.yaml]\n");
    for path in ["a", "base/b", "base/c", "k", "g", "p"] {
        let name = if path == "p" { "a" } else { path.rsplit('/').next().unwrap() };
        files.insert(format!("/{path}.yaml"), secret(name, &service));
    }
    let [one, two] = ["one", "two"].map(|text| {
        (&service).wrap_key(&mut MasterKey::gcp_kms(KEY), &SecretBytes::new(text.into())).unwrap()
    });
    // Numbers are base64 when they are four digits long.
    let pad = |number: &str| format!("{number:0>4}");
    let kms = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: kms, annotations: {{hagane.dev/kms: {KEY}}}}}\ndata: {{one: '{}', two: '{}'}}\n",
        pad(&one),
        pad(&two)
    );
    files.insert("/base/kms.yaml", kms);
    assert_eq!(check(&files, &service), Ok(vec![1; 8]));
}

#[test]
fn files_that_share_a_key_are_one_call() {
    let service = Service { wanted: 1, ..Service::default() };
    let content = secret("a", &service);
    let names: Vec<String> = (0..500).map(|number| format!("f{number}=f{number}.yaml")).collect();
    let mut files = MemoryFiles::new().with(
        "/kustomization.yaml",
        format!("secretGenerator: [{{name: a, files: [{}]}}]\n", names.join(", ")),
    );
    (0..500).for_each(|number| files.insert(format!("/f{number}.yaml"), &content));
    assert_eq!(check(&files, &service), Ok(vec![1]));
}

#[test]
fn a_service_that_refuses_is_asked_once_for_each_key() {
    let service = Service { wanted: 1, ..Service::default() };
    let files = MemoryFiles::new()
        .with("/kustomization.yaml", "resources: [a.yaml]\nsecretGenerator: [{name: g, files: [b.yaml]}]\n")
        .with("/a.yaml", secret("a", &service))
        .with("/b.yaml", secret("b", &service));
    service.kept.lock().unwrap().clear();
    assert_eq!(check(&files, &service), Err("the service has none".to_owned()));
    assert_eq!(service.asked.lock().unwrap().values().copied().collect::<Vec<_>>(), [1, 1]);
}

/// A guard that lets files below `/allowed` be opened.
fn guard() -> Guard {
    let policy = format!(
        "apiVersion: hagane.dev/v1alpha1\nkind: DecryptionPolicy\nrules: [{{name: a, projects: [a], files: [allowed/**], keys: ['{KEY}'], into: {{namespaces: [a]}}}}]\n"
    );
    let policy = DecryptionPolicy::parse(&policy, Default::default()).unwrap();
    let subject = Subject { project: "a".into(), application: String::new(), namespace: "a".into() };
    Guard { policy, subject, repository: "/".into() }
}

#[test]
fn a_policy_asks_at_once_for_what_it_allows_and_for_nothing_else() {
    let service = Service { wanted: 3, ..Service::default() };
    let names = ["allowed/a.yaml", "allowed/b.yaml", "allowed/c.yaml"];
    let mut files = MemoryFiles::new()
        .with("/kustomization.yaml", format!("namespace: a\nresources: [{}]\n", names.join(", ")));
    for (number, name) in names.iter().enumerate() {
        files.insert(format!("/{name}"), secret(&format!("s{number}"), &service));
    }
    assert_eq!(check_guarded(&files, &service, Some(guard())), Ok(vec![1; 3]));
    // One more, which no rule lets be opened, and which is read last.
    service.asked.lock().unwrap().clear();
    files.insert("/other.yaml", secret("s3", &service));
    let kustomization = format!("namespace: a\nresources: [{}, other.yaml]\n", names.join(", "));
    files.insert("/kustomization.yaml", kustomization);
    assert!(check_guarded(&files, &service, Some(guard())).is_err());
    let asked = service.asked.lock().unwrap();
    assert_eq!(asked.keys().map(String::as_str).collect::<Vec<_>>(), ["0", "1", "2"], "and not the fourth");
}
