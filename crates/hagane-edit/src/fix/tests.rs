//! A kustomization, and what is made of it.

use crate::Kustomization;

#[track_caller]
fn check(before: &str, after: &str) {
    let version = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let mut kustomization =
        Kustomization::read(&format!("{version}{before}"), Default::default()).expect("it can be read");
    kustomization.fix(&|text| text.ends_with(".yaml")).expect("it can be mended");
    assert_eq!(kustomization.text(), format!("{version}{after}"), "before:\n{before}");
    let once = kustomization.text().to_owned();
    kustomization.fix(&|_| false).expect("twice");
    assert_eq!(kustomization.text(), once, "twice is once");
}

#[track_caller]
fn refused(before: &str, message: &str) {
    let mut kustomization = Kustomization::read(before, Default::default()).expect("it can be read");
    let error = kustomization.fix(&|_| false).expect_err("it cannot be mended");
    assert_eq!(error.message, message);
}

#[test]
fn lists_get_the_name_of_today() {
    check("bases: # why\n- a # one\n", "resources: # why\n- a # one\n");
    check("bases: [a]\nresources: [b]\n", "resources: [b, a]\n");
    check("resources:\n- b\n# about a\nbases:\n  - a\n", "resources:\n- b\n# about a\n- a\n");
    check("resources: []\nbases:\n- a\n", "resources:\n- a\n");
    check("bases:\n", "");
    check("bases: []\nresources: [a]\n", "resources: [a]\n");
    check("bases: [a]\nbases: [b]\n", "resources: [b]\n");
    check(
        "imageTags:\n- name: a # one\n  newTag: '1'\nimages:\n- name: b\n",
        "images:\n- name: b\n- name: a # one\n  newTag: '1'\n",
    );
}

#[test]
fn patches_become_patches() {
    check(
        "patchesStrategicMerge:\n# first\n- a.yaml # one\n- |-\n  kind: A\n  b: 1\npatches:\n- path: b.yaml\n",
        "patches:\n- path: b.yaml\n# first\n- path: a.yaml # one\n- patch: |-\n    kind: A\n    b: 1\n",
    );
    check(
        "patchesStrategicMerge: [a.yaml]\npatchesJson6902:\n- target: {kind: A, name: b}\n  path: c.yaml\n",
        "patches:\n- target: {kind: A, name: b}\n  path: c.yaml\n- path: a.yaml\n",
    );
    check("patchesStrategicMerge: []\npatches: []\n", "patches: []\n");
}

#[test]
fn common_labels_reach_selectors() {
    check(
        "commonLabels: # ours\n  a: b # one\n",
        "labels:\n- includeSelectors: true\n  pairs: # ours\n    a: b # one\n",
    );
    check("commonLabels: {}\n", "");
    check(
        "commonLabels: {a: b}\nlabels:\n- pairs: {c: d}\n",
        "labels:\n- pairs: {c: d}\n- includeSelectors: true\n  pairs: {a: b}\n",
    );
    refused(
        "commonLabels: {a: b}\nlabels: [{pairs: {a: c}}]\n",
        "the label `a` is in `labels` and in `commonLabels`",
    );
}

#[test]
fn generators_list_their_files() {
    check(
        "configMapGenerator:\n- name: a\n  env: a.env # one\n- name: b\n  env: b.env\n  envs:\n  - c.env\n",
        "configMapGenerator:\n- name: a\n  envs:\n  - a.env # one\n- name: b\n  envs:\n  - c.env\n  - b.env\n",
    );
    check("secretGenerator: [{name: a, env: x}]\n", "secretGenerator: [{name: a, envs: [x]}]\n");
}

#[test]
fn charts_get_the_keys_of_today() {
    check(
        "helmChartInflationGenerator:\n# the cache\n- chartName: a # one\n  chartVersion: 1.0.0\n  chartHome: x\n  \
         helmBin: helm\n  values: a.yaml\n- chartName: b\n  chartHome: y\n",
        "helmCharts:\n# the cache\n- name: a # one\n  version: 1.0.0\n  valuesFile: a.yaml\n- name: b\nhelmGlobals:\n  \
         chartHome: \"y\"\n",
    );
}

#[test]
fn what_is_missing_is_written() {
    let mut component = Kustomization::read("kind: Component\n", Default::default()).expect("it can be read");
    component.fix(&|_| false).expect("it can be mended");
    assert_eq!(component.text(), "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n");
}
