use super::*;
use hagane_yaml::emit::go_v2;
use hagane_yaml::{FileId, ParseOptions, parse};

fn read(text: &str) -> Node {
    parse(text, FileId::default(), &ParseOptions::default()).expect("the case parses").remove(0)
}

/// Merges two pods whose `spec` is given; the results were seen with kustomize 5.8.1.
#[track_caller]
fn check(dest: &str, patch: &str, want: &str) {
    let pod = |spec: &str| read(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}\n"));
    let merged = merge(pod(dest), pod(patch), &Schema::builtin())
        .expect("the case merges")
        .expect("something is left");
    let got = go_v2(merged.get("spec").expect("a spec")).expect("the case can be written");
    assert_eq!(got, go_v2(&read(want)).expect("the case can be written"), "{dest} + {patch}");
}

fn ports(items: &str) -> String {
    format!("{{containers: [{{name: c, ports: {items}}}]}}")
}

#[track_caller]
fn check_ports(dest: &str, patch: &str, want: &str) {
    check(&ports(dest), &ports(patch), &ports(want));
}

#[test]
fn what_is_new_in_a_keyed_list_comes_first() {
    check(
        "{containers: [{name: a, image: x}, {name: b}]}",
        "{containers: [{name: c}, {name: b, image: y}]}",
        "{containers: [{name: c}, {name: b, image: y}, {name: a, image: x}]}",
    );
}

#[test]
fn items_that_stand_twice_are_one_afterwards() {
    let env = |items: &str| format!("{{containers: [{{name: c, env: {items}}}]}}");
    let twice = env("[{name: A, value: '1'}, {name: B, value: '2'}, {name: A, value: '3'}]");
    check(
        &twice,
        "{z: 1}",
        &env("[{name: A, value: '3'}, {name: B, value: '2'}]").replacen('{', "{z: 1, ", 1),
    );
}

#[test]
fn several_merge_keys_are_matched_as_far_as_they_are_given() {
    check_ports(
        "[{containerPort: 80}]",
        "[{containerPort: 80, name: web}]",
        "[{containerPort: 80, name: web}]",
    );
    // The patch's other fields are lost where it leaves out a key that the resource gives.
    check_ports(
        "[{containerPort: 80, protocol: TCP}]",
        "[{containerPort: 80, name: web}]",
        "[{containerPort: 80, protocol: TCP}]",
    );
    check_ports(
        "[{containerPort: 80, protocol: TCP}, {containerPort: 80, protocol: UDP}]",
        "[{containerPort: 80, protocol: TCP, name: web}]",
        "[{containerPort: 80, protocol: TCP, name: web}, {containerPort: 80, protocol: UDP}]",
    );
    check_ports(
        "[{containerPort: 80}, {containerPort: 81, protocol: UDP}]",
        "[{containerPort: 80, protocol: TCP, name: web}]",
        "[{containerPort: 80}, {containerPort: 81, protocol: UDP}]",
    );
    check_ports(
        "[{containerPort: 80, protocol: TCP, hostPort: 1}, {containerPort: 81, protocol: UDP}]",
        "[{containerPort: 82, name: web}, {containerPort: 81, protocol: UDP, name: u}]",
        "[{containerPort: 82, name: web}, {containerPort: 80, protocol: TCP, hostPort: 1}, {containerPort: 81, protocol: UDP, name: u}]",
    );
}

#[test]
fn items_without_their_keys_are_as_odd_as_in_kustomize() {
    let list = |items: &str| format!("{{containers: {items}}}");
    let check = |dest: &str, patch: &str, want: &str| check(&list(dest), &list(patch), &list(want));
    check("[{name: c, image: q}]", "[{image: x}]", "[]");
    check("[{name: c, image: q}]", "[null]", "[]");
    check("[{name: c}]", "[{name: '', image: q}]", "[{name: '', image: q}, {name: c}]");
    check("[{name: c, image: q}]", "[{name: c, $patch: replace, image: z}]", "[{name: c, image: q}]");
    check_ports(
        "[{containerPort: 80, hostPort: 1}, {containerPort: 81, protocol: TCP}]",
        "[{containerPort: 80, $patch: delete}]",
        "[{containerPort: 80, hostPort: 1}, {containerPort: 81, protocol: TCP}]",
    );
    check_ports(
        "[{protocol: UDP, hostPort: 2}]",
        "[{containerPort: 80, hostPort: 1}]",
        "[{containerPort: 80, hostPort: 1}, {protocol: UDP, hostPort: 2}, {protocol: UDP, hostPort: 2}, {protocol: UDP, hostPort: 2}]",
    );
    check_ports("[{hostPort: 2}]", "[{containerPort: 80, hostPort: 1}]", "[{hostPort: 2}]");
    check_ports("[{containerPort: 80}, {}]", "[{containerPort: 80, hostPort: 1}]", "[{}]");
    check_ports(
        "[{containerPort: 80, hostPort: 1}]",
        "[{containerPort: 80, protocol: null, name: r}]",
        "[{containerPort: 80, hostPort: 1, name: r}]",
    );
}

#[test]
fn nulls_delete_and_only_written_nulls_stay() {
    check(
        "{a: null, b:   , c: ~, d: {e:   , f: null}}",
        "{z: 1, n: null, m: {o: null, p: 1, q: {r: null}}}",
        "{a: null, c: null, d: {f: null}, m: {p: 1, q: {}}, z: 1}",
    );
    check("{a: 1, b: 2}", "{a: null}", "{b: 2}");
}

#[test]
fn the_style_of_the_resource_stays() {
    let once = |dest: &str, patch: &str| {
        let merged = merge(read(dest), read(patch), &Schema::builtin()).expect("the case merges");
        merged.expect("something is left")
    };
    let twice =
        merge(once("{a: 1}", "{a: '2'}"), read("{a: 3}"), &Schema::builtin()).expect("the case merges");
    assert_eq!(go_v2(&twice.expect("something is left")).as_deref(), Ok("a: 3\n"));
    check("{a: '8080', b: 8080, c: x}", "{a: 8080, b: '8080', c: 5}", "{a: '8080', b: '8080', c: 5}");
}

#[test]
fn directives_say_what_a_patch_does() {
    check("{a: {b: 1, c: 2}}", "{a: {$patch: replace, d: 3}}", "{a: {d: 3}}");
    check("{a: {b: 1}, e: 1}", "{a: {$patch: delete}}", "{e: 1}");
    check(
        "{containers: [{name: a}, {name: b}]}",
        "{containers: [{name: a, $patch: delete}]}",
        "{containers: [{name: b}]}",
    );
    check(
        "{containers: [{name: a}]}",
        "{containers: [{$patch: replace}, {name: c}]}",
        "{containers: [{name: c}]}",
    );
    let error = merge(read("{a: {b: 1}}"), read("{a: {$patch: mend}}"), &Schema::builtin())
        .expect_err("a wrong strategy");
    assert_eq!((error.message.as_str(), error.span.column), ("`mend` is no patch strategy", 14));
}

#[test]
fn lists_without_keys_are_replaced_or_joined() {
    check("{tolerations: [{key: a}]}", "{tolerations: [{key: b}]}", "{tolerations: [{key: b}]}");
    check(
        "{containers: [{name: c, args: [a, b]}]}",
        "{containers: [{name: c, args: [c]}]}",
        "{containers: [{name: c, args: [c]}]}",
    );
}

#[test]
fn kinds_must_fit() {
    let error = merge(read("{a: {b: 1}}"), read("{a: [1]}"), &Schema::builtin()).expect_err("kinds differ");
    assert_eq!((error.span.line, error.span.column), (1, 5));
}
