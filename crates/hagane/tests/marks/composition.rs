//! Random compositions in which canaries are carried about.

use std::fmt::Write as _;

use crate::canary::{Canaries, base64};
use hagane_cases::rng::Rng;

/// The files of a composition: `top` over `base`, with a component.
pub(crate) struct Composition {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) canaries: Canaries,
}

/// Fields of the Deployment that a text can be put into.
const FIELDS: [&str; 8] = [
    "metadata.annotations.note",
    "metadata.labels.tier",
    "metadata.name",
    "spec.template.spec.containers.0.image",
    "spec.template.spec.containers.0.env.0.value",
    "spec.template.spec.containers.[name=app].env.[name=B].value",
    "spec.template.metadata.annotations.made",
    "metadata.annotations.json",
];

/// Fields that canaries are taken from.
const SOURCES: [(&str, &str, &str); 7] = [
    ("ConfigMap", "written", "data.field0"),
    ("Secret", "vault", "data.password"),
    ("Secret", "vault", "stringData.url"),
    ("Secret", "vault", "metadata.annotations.note"),
    ("ConfigMap", "settings", "data.mode"),
    ("ConfigMap", "settings", "metadata.annotations.plain"),
    ("Secret", "vault", "metadata.name"),
];

impl Composition {
    /// Returns the composition of a number, always the same.
    pub(crate) fn random(seed: u64) -> Composition {
        let mut rng = Rng::new(seed);
        let secret_first = rng.once_in(2);
        let mut make = Make { rng, canaries: Canaries::default(), files: Vec::new(), secret_first };
        make.base();
        make.component();
        make.top();
        Composition { files: make.files, canaries: make.canaries }
    }

    /// Returns all files, to be read by who looks for the reason.
    pub(crate) fn shown(&self) -> String {
        self.files.iter().fold(String::new(), |mut text, (path, content)| {
            let _ = write!(text, "-- {path} --\n{content}");
            text
        })
    }
}

struct Make {
    rng: Rng,
    canaries: Canaries,
    files: Vec<(String, String)>,
    /// Which of the two generators makes `made`.
    secret_first: bool,
}

impl Make {
    fn file(&mut self, path: &str, content: String) {
        self.files.push((path.to_owned(), content));
    }

    fn canary(&mut self) -> String {
        self.canaries.two(&mut self.rng)
    }

    /// Returns a canary, or mostly a plain text.
    fn seldom(&mut self) -> String {
        if self.rng.once_in(4) { self.canary() } else { self.rng.pick(&["dark", "light", "blue"]).to_owned() }
    }

    fn base(&mut self) {
        let (password, url, note, key) = (self.canary(), self.canary(), self.seldom(), self.seldom());
        let password = base64(format!("{password:-<27}").as_bytes());
        self.file(
            "/base/enc-vault.yaml",
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: vault\n  annotations: {{note: {note}, plain: calm}}\n\
                 data: {{password: {password}, {key}: eHh4}}\nstringData: {{url: 'https://me:{url}@db'}}\n"
            ),
        );
        let mode = self.seldom();
        self.file(
            "/base/enc-settings.yaml",
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, annotations: {{plain: calm-sea}}}}\n\
                 data: {{mode: {mode}, list: a-b-c, plain: calm}}\n"
            ),
        );
        let app = self.app();
        let mut text = format!("resources: [enc-vault.yaml, enc-settings.yaml, {app}]\n");
        self.variables(&mut text);
        self.generators(&mut text, "base");
        self.template(&mut text);
        self.replacements(&mut text);
        self.file("/base/kustomization.yaml", text);
    }

    /// Adds a Deployment, and returns its file: in the clear only where it holds no canary.
    fn app(&mut self) -> &'static str {
        let (value, json) = (self.seldom(), self.seldom());
        let (name, image) = match self.rng.once_in(6) {
            true => (self.canary(), self.canary()),
            false => ("app".to_owned(), "app:1".to_owned()),
        };
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  annotations:\n    note: x-y-z\n    plain: calm\n\
                 \x20   json: '{{\"a\": {{\"b\": \"{json}\"}}}}'\n  labels: {{tier: web}}\nspec:\n  selector: {{matchLabels: {{app: app}}}}\n  template:\n\
                 \x20   metadata: {{labels: {{app: app}}, annotations: {{made: '', plain: calm}}}}\n    spec:\n      containers:\n      - name: app\n\
                 \x20       image: {image}\n        args: [$(HELD), --x=$(HELD)/$(HELD), $$(HELD)]\n        env:\n        - {{name: A, value: '{value}'}}\n        - {{name: B, value: b-c-d}}\n\
                 \x20       envFrom: [{{configMapRef: {{name: settings}}}}, {{secretRef: {{name: vault}}}}, {{secretRef: {{name: made}}}}]\n"
        );
        let path = if self.canaries.are_in(&text) { "enc-app.yaml" } else { "app.yaml" };
        self.file(&format!("/base/{path}"), text);
        path
    }

    fn variables(&mut self, text: &mut String) {
        let (kind, name, field) = self.rng.pick(&SOURCES);
        let _ = writeln!(
            text,
            "vars:\n- {{name: HELD, objref: {{kind: {kind}, name: {name}, apiVersion: v1}}, fieldref: {{fieldpath: {field}}}}}"
        );
    }

    /// Adds generators that take encrypted files: whole, and as pairs.
    fn generators(&mut self, text: &mut String, directory: &str) {
        let (whole, pair, literal) =
            (self.canary(), self.canary(), self.rng.pick(&["", "immutable: true, "]));
        self.file(&format!("/{directory}/enc.txt"), format!("first {whole}\nsecond\n"));
        self.file(&format!("/{directory}/enc.env"), format!("PAIR={pair}\nOTHER={pair}\n"));
        let bytes = self.canary();
        self.file(&format!("/{directory}/enc.json"), format!("{{\"key\": \"{bytes}\"}}\n"));
        let hash = if self.rng.once_in(2) { "true" } else { "false" };
        let behavior = match directory {
            "base" => "create",
            _ => self.rng.pick(&["merge", "replace"]),
        };
        let (list, other) = match self.secret_first {
            true => ("secretGenerator", "configMapGenerator"),
            false => ("configMapGenerator", "secretGenerator"),
        };
        if directory == "base" {
            let _ = writeln!(
                text,
                "{list}:\n- {{name: made, files: [enc.txt, k=enc.json], literals: [plain=calm], options: {{{literal}disableNameSuffixHash: {hash}, annotations: {{plain: calm}}}}}}\n\
                 {other}:\n- {{name: made2, envs: [enc.env], literals: [plain=calm]}}"
            );
        } else if self.rng.once_in(2) {
            let _ = writeln!(
                text,
                "{list}:\n- {{name: made, behavior: {behavior}, envs: [enc.env], files: [enc.txt], literals: [plain=calm]}}"
            );
        }
    }

    /// Adds a template whose values are encrypted.
    fn template(&mut self, text: &mut String) {
        let (one, two, key) = (self.canary(), self.canary(), self.seldom());
        self.file(
            "/base/enc-values.yaml",
            format!("one: {one}\nplain: calm\ntree: {{deep: [{two}, calm], {key}: x, plain: calm}}\nlist: [calm, {one}]\n"),
        );
        let mut template = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: written, annotations: {plain: {{#if one}}{{plain}}{{/if}}}}\ndata:\n  plain: {{upper plain}}\n".to_owned();
        for number in 0..=self.rng.up_to(4) {
            let value = self.rng.pick(&[
                "{{one}}",
                "a{{plain}}{{one}}b",
                "'{{one}}'",
                "{{b64enc one}}",
                "{{quote (b64enc (toJson tree))}}",
                "{{upper plain}}-{{join \"/\" list}}",
                "|\n    # text\n{{indent 4 (toYaml tree)}}",
                "|\n    {\"a\": {{toJson tree}}, \"b\": {{quote one}}}",
                "{{#each list}}{{this}},{{/each}}",
                "{{#with tree}}{{deep.0}}{{/with}}",
                "{{default one missing}}",
                "{{or \"\" one}}",
                "{{b64dec (b64enc one)}}",
                "{{lookup tree.deep 0}}",
                "{{#if one}}yes{{else}}no{{/if}}",
                "{{#unless one}}{{one}}{{else}}{{plain}}{{/unless}}",
                "{{#each tree}}{{@key}}{{#unless @last}},{{/unless}}{{/each}}",
                "{{#each tree.deep as |item place|}}{{place}}{{#if item}}{{item}}{{/if}}{{/each}}",
                "{{#with one}}{{this}}{{/with}}",
                "{{lookup (lookup tree \"deep\") 0}}",
                "{{not one}}-{{and one plain}}",
            ]);
            let _ = writeln!(template, "  field{number}: {value}");
        }
        if self.rng.once_in(40) {
            // Refused, and without a word of it.
            let decides = self.rng.pick(&[
                "{{lookup tree one}}",
                "{{#if (eq one \"a\")}}x{{/if}}",
                "{{indent one plain}}",
            ]);
            let _ = writeln!(template, "  decides: {decides}");
        }
        if self.rng.once_in(3) {
            template.push_str("  {{one}}: x\n");
        }
        if self.rng.once_in(3) {
            template.push_str("---\nkind: Secret\napiVersion: v1\nmetadata: {name: written}\nstringData:{{nindent 2 (toYaml tree)}}\n");
        }
        self.file("/base/template.hbs", template);
        text.push_str(
            "generators:\n- |\n  {apiVersion: hagane.dev/v1alpha1, kind: Template, metadata: {name: t}}\n",
        );
    }

    fn replacements(&mut self, text: &mut String) {
        text.push_str("replacements:\n");
        for _ in 0..=self.rng.up_to(4) {
            let (kind, name, field) = self.rng.pick(&SOURCES);
            let options = |rng: &mut Rng| match rng.up_to(4) {
                0 => String::new(),
                1 => "options: {create: true}".to_owned(),
                _ => {
                    let delimiter = rng.pick(&["-", ":", "/", "b"]);
                    let index = rng.pick(&["0", "1", "-1", "5"]);
                    format!("options: {{delimiter: '{delimiter}', index: {index}, create: true}}")
                }
            };
            let from = if self.rng.once_in(2) {
                "".to_owned()
            } else {
                "options: {delimiter: '-', index: 0}".to_owned()
            };
            let to = options(&mut self.rng);
            let mut path = self.rng.pick(&FIELDS).to_owned();
            if path.ends_with("json") {
                path.push_str(self.rng.pick(&["", ".a.b", ".a.b", ".c"]));
            }
            let _ = writeln!(
                text,
                "- source: {{kind: {kind}, name: {name}, fieldPath: {field}, {from}}}\n  targets:\n  - {{select: {{kind: Deployment}}, fieldPaths: ['{path}'], {to}}}"
            );
            if self.rng.once_in(3) {
                let key = self.rng.pick(&["data.list", "data.extra", "metadata.annotations.made"]);
                let delimiter = self.rng.pick(&["", "delimiter: '-', index: 1, "]);
                let _ = writeln!(
                    text,
                    "  - {{select: {{kind: ConfigMap, name: settings}}, fieldPaths: [{key}], options: {{{delimiter}create: true}}}}"
                );
            }
            if self.rng.once_in(40) {
                text.push_str("  - {select: {kind: Secret, name: vault}, fieldPaths: [data], options: {create: true}}\n");
            }
        }
    }

    fn component(&mut self) {
        let mut text = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncommonAnnotations: {plain: calm}\n".to_owned();
        self.patches(&mut text, "comp");
        self.file("/comp/kustomization.yaml", text);
    }

    fn top(&mut self) {
        let mut text = "resources: [../base]\n".to_owned();
        if self.rng.once_in(2) {
            text.push_str("components: [../comp]\n");
        }
        for line in [
            "namePrefix: blue-\n",
            "nameSuffix: -v2\n",
            "namespace: shop\n",
            "labels: [{pairs: {team: sea}, includeSelectors: true}]\n",
            "commonAnnotations: {plain: calm}\n",
            "replicas: [{name: app, count: 3}]\n",
            "images: [{name: app, newTag: '2'}]\n",
        ] {
            if self.rng.once_in(3) {
                text.push_str(line);
            }
        }
        self.generators(&mut text, "top");
        self.patches(&mut text, "top");
        if self.rng.once_in(2) {
            self.replacements(&mut text);
        }
        self.file("/top/kustomization.yaml", text);
    }

    /// Adds patches of both kinds, from encrypted files.
    fn patches(&mut self, text: &mut String, directory: &str) {
        let mut list = String::new();
        if self.rng.once_in(2) {
            let (note, key, value) = (self.canary(), self.seldom(), self.canary());
            let item = self.rng.pick(&[
                "{name: C, value: $(HELD)}",
                "{name: A, value: xyz}",
                "{$patch: delete, name: A}",
            ]);
            self.file(
                &format!("/{directory}/enc-merge.yaml"),
                format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\n  annotations: {{note: {note}, {key}: x, plain: calm}}\n\
                     spec:\n  template:\n    spec:\n      containers:\n      - name: app\n        env:\n        - {item}\n        - {{name: D, value: {value}}}\n      - {{name: {key}, image: side}}\n"
                ),
            );
            let _ = writeln!(
                list,
                "- {{path: enc-merge.yaml, target: {{kind: Deployment}}, options: {{allowNameChange: true}}}}"
            );
        }
        if self.rng.once_in(2) {
            let (value, name) = (self.canary(), self.canary());
            let operation = self.rng.pick(&[
                "{op: copy, from: /metadata/annotations/note, path: /metadata/annotations/copied}",
                "{op: move, from: /metadata/annotations/note, path: /metadata/annotations/moved}",
                "{op: copy, from: /spec/template/spec/containers/0/env, path: /spec/template/spec/containers/0/more}",
                "{op: test, path: /metadata/annotations/plain, value: calm}",
            ]);
            self.file(
                &format!("/{directory}/enc-operations.yaml"),
                format!(
                    "- {{op: add, path: /metadata/annotations/added, value: {value}}}\n- {operation}\n\
                     - {{op: replace, path: /spec/template/spec/containers/0/image, value: 'r/{name}:1'}}\n\
                     - {{op: add, path: /spec/template/spec/containers/0/env/-, value: {{name: E, value: {{deep: [{value}]}}}}}}\n"
                ),
            );
            let _ = writeln!(list, "- {{path: enc-operations.yaml, target: {{kind: Deployment}}}}");
        }
        if self.rng.once_in(12) {
            let kind = self.canary();
            self.file(
                &format!("/{directory}/enc-kind.yaml"),
                format!("- {{op: replace, path: /kind, value: {kind}}}\n"),
            );
            let name = self.rng.pick(&["settings", "vault", "app"]);
            let _ = writeln!(
                list,
                "- {{path: enc-kind.yaml, target: {{name: {name}}}, options: {{allowKindChange: true}}}}"
            );
        }
        if self.rng.once_in(6) {
            let name = self.canary();
            self.file(
                &format!("/{directory}/enc-name.yaml"),
                format!("- {{op: replace, path: /metadata/name, value: {name}}}\n"),
            );
            let kind = self.rng.pick(&["ConfigMap", "Secret"]);
            let _ = writeln!(
                list,
                "- {{path: enc-name.yaml, target: {{kind: {kind}, name: settings|vault}}, options: {{allowNameChange: true}}}}"
            );
        }
        if !list.is_empty() {
            let _ = write!(text, "patches:\n{list}");
        }
    }
}
