# Our own workflows, actions and scripts, as pipevet and zizmor see them: nothing, with everything switched on. Sourced by `.ci/run`.

step "our own workflows"
own=(.github .ci action action.yml mirror Dockerfile pyproject.toml)
expect 0 "$pipevet" check --all --fail-on info --min-severity info "${own[@]}"
"$(dirname "$python")/zizmor" --offline --no-progress --quiet --persona pedantic .github action.yml mirror
