//! The files of `rules/` that are part of the program. Generated: `UPDATE=1 cargo test builtin` rewrites it.

/// Row files: (path below `rules/`, content), sorted.
pub const ROWS: &[(&str, &str)] = &[
    ("models/accounts.yml", include_str!("../../rules/models/accounts.yml")),
    ("models/github/actions.yml", include_str!("../../rules/models/github/actions.yml")),
    ("models/github/contexts.yml", include_str!("../../rules/models/github/contexts.yml")),
    ("models/github/credentials.yml", include_str!("../../rules/models/github/credentials.yml")),
    ("models/github/gates.yml", include_str!("../../rules/models/github/gates.yml")),
    ("models/github/runners.yml", include_str!("../../rules/models/github/runners.yml")),
    ("models/github/triggers.yml", include_str!("../../rules/models/github/triggers.yml")),
    ("models/python/entries.yml", include_str!("../../rules/models/python/entries.yml")),
    ("models/python/exec.yml", include_str!("../../rules/models/python/exec.yml")),
    ("models/python/hubs.yml", include_str!("../../rules/models/python/hubs.yml")),
    ("models/python/loads.yml", include_str!("../../rules/models/python/loads.yml")),
    ("models/python/passes.yml", include_str!("../../rules/models/python/passes.yml")),
    ("models/python/publishes.yml", include_str!("../../rules/models/python/publishes.yml")),
    ("models/python/sources.yml", include_str!("../../rules/models/python/sources.yml")),
    ("models/secrets/formats.yml", include_str!("../../rules/models/secrets/formats.yml")),
    ("models/secrets/names.yml", include_str!("../../rules/models/secrets/names.yml")),
    ("models/shell/checks.yml", include_str!("../../rules/models/shell/checks.yml")),
    ("models/shell/downloads.yml", include_str!("../../rules/models/shell/downloads.yml")),
    ("models/shell/executes.yml", include_str!("../../rules/models/shell/executes.yml")),
    ("models/shell/installs.yml", include_str!("../../rules/models/shell/installs.yml")),
    ("models/shell/publishes.yml", include_str!("../../rules/models/shell/publishes.yml")),
    ("models/shell/serving.yml", include_str!("../../rules/models/shell/serving.yml")),
    ("models/shell/wrappers.yml", include_str!("../../rules/models/shell/wrappers.yml")),
];

/// Rule pages: (path below `rules/`, content), sorted.
pub const PAGES: &[(&str, &str)] = &[
    ("ci/excessive-permissions.md", include_str!("../../rules/ci/excessive-permissions.md")),
    ("ci/poisoned-pipeline-execution.md", include_str!("../../rules/ci/poisoned-pipeline-execution.md")),
    ("ci/publish-credential-exposed.md", include_str!("../../rules/ci/publish-credential-exposed.md")),
    ("ci/script-injection.md", include_str!("../../rules/ci/script-injection.md")),
    ("ci/self-hosted-runner-exposed.md", include_str!("../../rules/ci/self-hosted-runner-exposed.md")),
    ("ci/untrusted-checkout.md", include_str!("../../rules/ci/untrusted-checkout.md")),
    ("python/config-code-executed.md", include_str!("../../rules/python/config-code-executed.md")),
    ("python/dynamic-code-executed.md", include_str!("../../rules/python/dynamic-code-executed.md")),
    ("python/remote-code-trusted.md", include_str!("../../rules/python/remote-code-trusted.md")),
    ("python/unsafe-checkpoint-load.md", include_str!("../../rules/python/unsafe-checkpoint-load.md")),
    ("python/unsafe-pickle-load.md", include_str!("../../rules/python/unsafe-pickle-load.md")),
    ("python/unsafe-yaml-load.md", include_str!("../../rules/python/unsafe-yaml-load.md")),
    ("secrets/secret-assigned-literal.md", include_str!("../../rules/secrets/secret-assigned-literal.md")),
    ("secrets/secret-in-image.md", include_str!("../../rules/secrets/secret-in-image.md")),
    ("secrets/secret-known-format.md", include_str!("../../rules/secrets/secret-known-format.md")),
    ("supply/download-executed.md", include_str!("../../rules/supply/download-executed.md")),
    ("supply/extra-package-index.md", include_str!("../../rules/supply/extra-package-index.md")),
    ("supply/tls-verification-disabled.md", include_str!("../../rules/supply/tls-verification-disabled.md")),
    ("supply/unpinned-action.md", include_str!("../../rules/supply/unpinned-action.md")),
    ("supply/unpinned-base-image.md", include_str!("../../rules/supply/unpinned-base-image.md")),
    ("supply/unpinned-dataset-download.md", include_str!("../../rules/supply/unpinned-dataset-download.md")),
    ("supply/unpinned-model-download.md", include_str!("../../rules/supply/unpinned-model-download.md")),
    ("supply/unpinned-package-install.md", include_str!("../../rules/supply/unpinned-package-install.md")),
    ("supply/unpinned-vcs-install.md", include_str!("../../rules/supply/unpinned-vcs-install.md")),
];

/// The severity tables.
pub const SEVERITY: &str = include_str!("../../rules/severity.yml");

/// Ids and names of the frameworks that pages refer to.
pub const FRAMEWORKS: &str = include_str!("../../rules/frameworks.json");
