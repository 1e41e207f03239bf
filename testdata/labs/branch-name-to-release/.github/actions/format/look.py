"""Finds added lines of a patch that are too long or end in blanks."""

import sys

LONGEST = 120


def faults(patch):
    for number, line in enumerate(patch, 1):
        text = line.rstrip("\n")
        if not text.startswith("+") or text.startswith("+++"):
            continue
        if len(text) - 1 > LONGEST:
            yield f"- line {number} of the patch has {len(text) - 1} characters"
        if text != text.rstrip():
            yield f"- line {number} of the patch ends in blanks"


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as patch:
        found = list(faults(patch))
    print("\n".join(found) or "Nothing to say about the form.")


if __name__ == "__main__":
    main()
