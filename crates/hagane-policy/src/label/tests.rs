use super::*;

#[track_caller]
fn check(labelling: &Labelling, before: &str, after: &str) {
    let read = |text: &str| hagane_resource::read_documents(text, Default::default()).unwrap();
    let mut resources: ResourceSet = read(before).into_iter().collect();
    label(&mut resources, labelling, Detail::Changes);
    let text = hagane_resource::emit(&resources, Default::default()).unwrap();
    let want: ResourceSet = read(after).into_iter().collect();
    assert_eq!(text, hagane_resource::emit(&want, Default::default()).unwrap());
    let again = label(&mut resources, labelling, Detail::Changes).changes;
    assert_eq!(again, [], "a second time there is nothing to do");
}

fn given() -> Labelling {
    let labels = vec![(LabelField::PartOf, "shop".into()), (LabelField::Version, "1.0".into())];
    Labelling { given: GivenLabels { labels, annotations: Vec::new() }, ..Labelling::default() }
}

const BOTH: &str = "app.kubernetes.io/part-of: shop, app.kubernetes.io/version: '1.0'";

#[test]
fn labels_are_filled_in_where_they_are_absent() {
    check(
        &given(),
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}}}",
        &format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: a, labels: {{{BOTH}}}}}, spec: {{selector: {{app: a}}}}}}"
        ),
    );
    check(
        &given(),
        "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app.kubernetes.io/version: x}}}",
        "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app.kubernetes.io/part-of: shop, \
         app.kubernetes.io/version: x}}}",
    );
}

#[test]
fn pod_templates_get_what_is_stable_and_are_made_nowhere() {
    check(
        &given(),
        "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {}}}}}}",
        &format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: a, labels: {{{BOTH}}}}}, spec: {{jobTemplate: {{spec: \
             {{template: {{metadata: {{labels: {{app.kubernetes.io/part-of: shop}}}}, spec: {{}}}}}}}}}}}}"
        ),
    );
    check(
        &given(),
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {}}",
        &format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, labels: {{{BOTH}}}}}, spec: {{}}}}"
        ),
    );
}

#[test]
fn labels_follow_from_the_resource() {
    use LabelField::{Instance, Name, Version};
    let derive = Labelling { derive: vec![Name, Instance, Version], ..Labelling::default() };
    let deployment = |labels: &str, inner: &str, name: &str, image: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}{labels}}}, spec: {{selector: {{matchLabels: \
             {{a: b}}}}, template: {{metadata: {{labels: {{a: b{inner}}}}}, spec: {{containers: [{{name: side, image: 's:9'}}, \
             {{name: web, image: '{image}'}}]}}}}}}}}"
        )
    };
    let all = |name: &str, version: &str| {
        let version = if version.is_empty() {
            String::new()
        } else {
            format!(", app.kubernetes.io/version: '{version}'")
        };
        format!("app.kubernetes.io/name: {name}, app.kubernetes.io/instance: {name}{version}")
    };
    for (image, version) in [
        ("h:5000/i:1.2.3", "1.2.3"),
        ("i:1.2@sha256:abc", "1.2"),
        ("i@sha256:0123456789abcdef0123", "sha-0123456789ab"),
        ("h:5000/i", ""),
        ("i:latest", ""),
    ] {
        check(
            &derive,
            &deployment("", "", "web", image),
            &deployment(
                &format!(", labels: {{{}}}", all("web", version)),
                &format!(", {}", all("web", version)),
                "web",
                image,
            ),
        );
    }
    // What is no workload has only the names that it says itself.
    check(
        &derive,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {app: web}}}",
        &format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, labels: {{app: web, {}}}}}}}",
            all("web", "")
        ),
    );
    check(
        &derive,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
    );
    // An Argo CD that tracks by label owns the instance.
    let argo = Labelling { leave: vec![Instance], derive: vec![Instance], ..Labelling::default() };
    check(&argo, &deployment("", "", "web", "i:1"), &deployment("", "", "web", "i:1"));
}

#[test]
fn pods_come_to_no_service_that_sends_to_those_of_another() {
    let service = "\n---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app.kubernetes.io/name: web}}}";
    let pods = |kind: &str, labels: &str, inner: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: web{labels}}}, spec: {{template: {{metadata: {{labels: {{a: b{inner}}}}}, \
             spec: {{containers: []}}}}}}}}"
        )
    };
    let (own, name) = (", labels: {app.kubernetes.io/name: web}", ", app.kubernetes.io/name: web");
    let names = Labelling { derive: vec![LabelField::Name], ..Labelling::default() };
    let both = |first: &str, second: &str| format!("{first}\n---\n{second}{service}");
    check(
        &names,
        &both(&pods("Deployment", own, name), &pods("DaemonSet", "", "")),
        &both(&pods("Deployment", own, name), &pods("DaemonSet", own, "")),
    );
    // One that sends to nobody yet waits for them.
    let alone = |labels: &str, inner: &str| format!("{}{service}", pods("Deployment", labels, inner));
    check(&names, &alone("", ""), &alone(own, name));
    // Nor does a label keep away another that is not written itself.
    let version = ", app.kubernetes.io/version: '1'";
    let service = format!("{}{version}}}}}}}", service.trim_end_matches('}'));
    let other = format!("{name}{version}");
    let both = |inner: &str| {
        let first = pods("Deployment", own, &other);
        let second = pods("DaemonSet", own, inner).replace("[]", "[{name: web, image: 'i:1'}]");
        format!("{first}\n---\n{second}{service}")
    };
    let versions = Labelling { derive: vec![LabelField::Name, LabelField::Version], ..names };
    let named = ", app.kubernetes.io/name: other";
    check(
        &versions,
        &both(named),
        &both(&format!("{named}{version}")).replacen(
            "kind: DaemonSet, metadata: {name: web, labels: {app.kubernetes.io/name: web}",
            "kind: DaemonSet, metadata: {name: web, labels: {app.kubernetes.io/name: web, app.kubernetes.io/version: '1'}",
            1,
        ),
    );
}
