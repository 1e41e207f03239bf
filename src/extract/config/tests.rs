use super::*;
use crate::facts::FileFacts;

fn shown(source: &[u8], facts: &FileFacts) -> Vec<String> {
    facts
        .items
        .iter()
        .map(|fact| match &fact.what {
            What::Setting { path, value } => {
                assert!(fact.range.contains(facts.value(*value).range), "{path}");
                format!("{path}={}", facts.literal(*value).unwrap_or_default())
            }
            What::Image { reference, .. } => {
                format!("image at {}", String::from_utf8_lossy(&source[facts.value(*reference).range.bounds()]))
            }
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn dotenv_lines() {
    let source = b"# c\nexport A=1 # note\nB=\"two words\" # x\nC='multi\nline'\nD=\nnot a line\nE = 5\n";
    let facts = dotenv(source);
    assert_eq!(shown(source, &facts), ["A=1", "B=two words", "C=multi\nline", "D=", "E=5"]);
}

#[test]
fn toml_scalars_have_paths() {
    let source = b"a.b = true\nc = [1, { d = 'x' }]\n[[s]]\nk = \"v\"\n";
    let facts = toml(source);
    assert_eq!(shown(source, &facts), ["a.b=true", "c.0=1", "c.1.d=x", "s.0.k=v"]);
}

#[test]
fn images_stand_where_services_and_containers_are() {
    for (path, is) in [
        ("services.db.image", true),
        ("x.services.db.image", false),
        ("spec.template.spec.containers.0.image", true),
        ("spec.initContainers.1.image", true),
        ("containers.web.image", false),
        ("image", false),
    ] {
        assert_eq!(is_image(path), is, "{path}");
    }
}

#[test]
fn yaml_scalars_have_paths_and_images_are_found() {
    let source = b"x: &e { A: 1 }\nservices:\n  db:\n    image: \"postgres:16\"\n    environment:\n      - POSTGRES_PASSWORD=hunter\n    env: *e\n    cmd: |\n      run\n      it\n---\nspec:\n  containers:\n  - image: a/b\n    env: [{ name: K, value: 'v' }]\n";
    let facts = yaml(source);
    assert_eq!(
        shown(source, &facts),
        [
            "x.A=1",
            "services.db.image=postgres:16",
            "image at \"postgres:16\"",
            "services.db.environment.0=POSTGRES_PASSWORD=hunter",
            "services.db.env.A=1",
            "services.db.cmd=run\nit\n",
            "spec.containers.0.image=a/b",
            "image at a/b",
            "spec.containers.0.env.0.name=K",
            "spec.containers.0.env.0.value=v",
        ]
    );
}

#[test]
fn json_scalars_have_paths_and_locks_are_requirements() {
    let source = br#"{"a": {"b": [true, "x\ty"]}, "image": null}"#;
    assert_eq!(shown(source, &json(source)), ["a.b.0=true", "a.b.1=x\ty", "image="]);
    let source = br#"{"_meta": {"n": 1}, "default": {"Torch": {"hashes": ["sha256:0", "sha256:1"], "version": "==2.1"}}}"#;
    let facts = json(source);
    let What::Requirement(r) = &facts.items[0].what else { panic!("{:?}", facts.items[0]) };
    assert_eq!((r.name.as_str(), r.spec.as_str(), r.hashes), ("torch", "==2.1", 2));
    assert_eq!(facts.items.len(), 2);
}

#[test]
fn references_of_objects_to_themselves_end() {
    let source = b"a:\n  - \"${a}\"\n  - \"${b}\"\nb:\n  _target_: x.y\n  z: \"${a}\"\n  q: \"${b}\"\n  r: \"${..b}\"\n";
    let facts = yaml(source);
    assert!(facts.items.iter().any(|f| matches!(&f.what, What::Call(call) if call.name == "x.y")));
    assert!(facts.notices.iter().any(|n| n.kind == NoticeKind::Limit), "{:?}", facts.notices);
}
