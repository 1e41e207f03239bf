#!/usr/bin/env bash
# Sets the label that the model chose, if it is one of ours. What it says besides is not used.
set -euo pipefail

chosen=$(jq -r '.label // empty' <<<"$ANSWER")
case "$chosen" in
  bug | idea | question) ;;
  *) chosen=unclear ;;
esac
gh issue edit "$NUMBER" --add-label "$chosen"
