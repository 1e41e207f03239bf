# Words that the steps of `.ci/run` share. Sourced, never run.

step() { printf '\n== %s (%d s)\n' "$1" "$((SECONDS - started))"; }
fail() { printf 'ci: %s\n' "$1" >&2; exit 1; }

# Runs a command and demands its exit code.
expect() {
    local want="$1" code=0
    shift
    "$@" || code=$?
    [ "$code" = "$want" ] || fail "$* ended with $code, not $want"
}

# The PATH of this machine without cargo: a directory that holds it is replaced, in $1, by links to everything else in it.
path_without_cargo() {
    local parts=() part kept="" n=0 copy file
    IFS=: read -ra parts <<<"$PATH"
    for part in "${parts[@]}"; do
        if [ -e "$part/cargo" ]; then
            copy="$1/$n"
            n=$((n + 1))
            mkdir -p "$copy"
            for file in "$part"/*; do
                case "${file##*/}" in cargo* | rustc | rustup | maturin) ;; *) ln -sf "$file" "$copy/" ;; esac
            done
            part="$copy"
        fi
        kept="$kept${kept:+:}$part"
    done
    printf '%s' "$kept"
}
