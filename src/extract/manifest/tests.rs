use super::*;
use crate::facts::FileFacts;

/// Requirements as `name|spec|url|hashes|marker|group` and settings as `path=value`, each checked against the bytes it claims to stand at.
fn shown(source: &[u8], facts: &FileFacts) -> Vec<String> {
    facts
        .items
        .iter()
        .map(|fact| {
            assert!(fact.range.end as usize <= source.len());
            match &fact.what {
                What::Requirement(r) => format!(
                    "{}|{}|{}|{}|{}|{}",
                    r.name,
                    r.spec,
                    r.url.as_deref().unwrap_or_default(),
                    r.hashes,
                    r.marker.as_deref().unwrap_or_default(),
                    r.group.as_deref().unwrap_or_default()
                ),
                What::Setting { path, value } => {
                    let text = facts.literal(*value).unwrap_or_default();
                    if let V::Str(t) = &facts.value(*value).what
                        && !text.contains('\\')
                        && source.get(..2) != Some(b"\xff\xfe")
                    {
                        assert_eq!(source.get(t.whole().bounds()), Some(text.as_bytes()));
                    }
                    format!("{path}={text}")
                }
                What::Image { reference, .. } => format!("image {}", facts.literal(*reference).unwrap_or_default()),
                other => format!("{other:?}"),
            }
        })
        .collect()
}

#[test]
fn requirement_lines_of_every_form() {
    let source =
        b"\xef\xbb\xbf# header\n--extra-index-url https://pypi.acme.io/simple\n-i https://a/simple\n-r base.txt # nested\n-cconstraints.txt\n--pre\n\
Torch_Vision[all] >=0.15 , <1 ; python_version<'3.12'  # why\ntorch==2.1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n\
transformers @ git+https://github.com/o/t@main#subdirectory=x ; sys_platform == 'linux'\n-e git+https://github.com/o/n.git@abc#egg=My.Pkg[x]\n-e .\n\
./wheels/a-1.0-py3-none-any.whl\nhttps://host/x.tar.gz#sha256=00\n\nnumpy(>=1)\n=garbage\n";
    let facts = requirements(source);
    assert_eq!(
        shown(source, &facts),
        [
            "pip.extra-index-url=https://pypi.acme.io/simple",
            "pip.index-url=https://a/simple",
            "pip.requirement=base.txt",
            "pip.constraint=constraints.txt",
            "pip.pre=true",
            "torch-vision|>=0.15 , <1||0|python_version<'3.12'|",
            "torch|==2.1.0||2||",
            "transformers||git+https://github.com/o/t@main#subdirectory=x|0|sys_platform == 'linux'|",
            "my-pkg||git+https://github.com/o/n.git@abc#egg=My.Pkg[x]|0||",
            "||.|0||",
            "||./wheels/a-1.0-py3-none-any.whl|0||",
            "||https://host/x.tar.gz#sha256=00|0||",
            "numpy|>=1||0||",
        ]
    );
    assert_eq!(facts.notices.len(), 1);
    assert_eq!(&source[facts.notices[0].range.bounds()], b"=garbage");
    let torch = facts.items.iter().find(|f| matches!(&f.what, What::Requirement(r) if r.name == "torch")).unwrap();
    assert!(source[torch.range.bounds()].starts_with(b"torch==2.1.0 \\") && source[torch.range.bounds()].ends_with(b"sha256:bb"));
}

#[test]
fn a_frozen_list_from_powershell_is_utf16() {
    let source: Vec<u8> = [0xff, 0xfe].into_iter().chain("torch==2.1\r\nnumpy\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let facts = requirements(&source);
    assert_eq!(shown(&source, &facts), ["torch|==2.1||0||", "numpy|||0||"]);
    assert_eq!(facts.items[1].range, Range::new(26, 36));
}

#[test]
fn pyproject_tables_of_every_tool() {
    let source = br#"[project]
name = "app"
dependencies = ["torch>=2", "x @ git+https://github.com/o/x"]
[project.optional-dependencies]
train = ["accelerate~=1.0"]
[project.scripts]
vet = "pkg.cli:main"
[build-system]
requires = ["setuptools>=61"]
[dependency-groups]
test = ["pytest", { include-group = "lint" }]
[tool.poetry.dependencies]
python = "^3.10"
Some_Lib = { git = "https://github.com/o/l", branch = "main" }
multi = [{ version = "<2", markers = "python_version<'3.9'" }, { version = ">=2" }]
[tool.uv.sources]
torch = { index = "pt" }
y = { git = "https://github.com/o/y", rev = "abc" }
[[tool.uv.index]]
url = "https://download/whl"
"#;
    let facts = pyproject(source);
    let all = shown(source, &facts);
    let (requirements, settings): (Vec<_>, Vec<_>) = all.iter().map(String::as_str).partition(|s| s.contains('|'));
    assert_eq!(
        requirements,
        [
            "torch|>=2||0||",
            "x||git+https://github.com/o/x|0||",
            "accelerate|~=1.0||0||train",
            "pytest|||0||test",
            "setuptools|>=61||0||build-system",
            "python|^3.10||0||",
            "some-lib||git+https://github.com/o/l@main|0||",
            "multi|<2||0|python_version<'3.9'|",
            "multi|>=2||0||",
            "torch|||0||source",
            "y||git+https://github.com/o/y@abc|0||source",
        ]
    );
    for wanted in ["project.scripts.vet=pkg.cli:main", "tool.uv.index.0.url=https://download/whl", "tool.uv.sources.torch.index=pt"] {
        assert!(settings.contains(&wanted), "{wanted} in {settings:?}");
    }
}

#[test]
fn ini_files() {
    let source = b"[options]\ninstall_requires =\n    torch>=2\n    x @ https://h/x.zip\n[options.extras_require]\ntrain = a==1\n[options.entry_points]\nconsole_scripts =\n    vet = pkg.cli:main\n[global]\nextra-index-url =\n    https://a\n    https://b\ntimeout = 60 \n";
    let facts = ini(source);
    assert_eq!(
        shown(source, &facts),
        [
            "torch|>=2||0||",
            "x||https://h/x.zip|0||",
            "a|==1||0||train",
            "project.scripts.vet=pkg.cli:main",
            "global.extra-index-url.0=https://a",
            "global.extra-index-url.1=https://b",
            "global.timeout=60",
        ]
    );
}

#[test]
fn locks_keep_hash_counts_and_commits() {
    let source = br#"version = 1
[[package]]
name = "Torch"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://f/t.tar.gz", hash = "sha256:00" }
wheels = [{ url = "a", hash = "sha256:11" }, { url = "b" }]
[[package]]
name = "g"
version = "1"
source = { git = "https://github.com/o/g?rev=main#0123456789012345678901234567890123456789" }
[[package]]
name = "p"
version = "3"
files = [{ file = "p.whl", hash = "sha256:22" }]
[package.source]
type = "git"
url = "https://github.com/o/p"
resolved_reference = "abc"
"#;
    let facts = crate::extract::config::toml(source);
    assert_eq!(
        shown(source, &facts),
        [
            "torch|==2.1.0||2||",
            "g|==1|git+https://github.com/o/g@0123456789012345678901234567890123456789|0||",
            "p|==3|git+https://github.com/o/p@abc|1||",
            "version=1",
        ]
    );
    assert!(facts.items.iter().all(|f| f.what == What::Try
        || matches!(&f.what, What::Requirement(r) if r.from == RequirementFrom::Lock)
        || matches!(f.what, What::Setting { .. })));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prop_oneof![proptest::num::u8::ANY, proptest::sample::select(b"-=@#;[]\\\n \"':.eric".to_vec())], 0..160)) {
        for facts in [requirements(&bytes), ini(&bytes), pyproject(&bytes), crate::extract::config::dotenv(&bytes)] {
            for fact in &facts.items {
                proptest::prop_assert!(fact.range.end as usize <= bytes.len());
            }
        }
    }
}

#[test]
fn conda_environments_and_their_pip_lists() {
    let source = b"name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.10\n  - conda-forge::PyTorch >=2.1,<3 cuda*\n  - pip:\n    - --extra-index-url https://p/simple\n    - torch==2.1 # why\n    - -r extra.txt\nvariables:\n  A: b\n";
    let facts = conda(source);
    assert_eq!(
        shown(source, &facts),
        [
            "python|=3.10||0||",
            "pytorch|>=2.1,<3 cuda*||0||",
            "pip.extra-index-url=https://p/simple",
            "torch|==2.1||0||",
            "pip.requirement=extra.txt",
            "name=x",
            "channels.0=conda-forge",
            "variables.A=b",
        ]
    );
}
