#!/usr/bin/env python3
"""Plants made-up credentials in notebooks and files, and beside them what only looks like one, for measuring scanners.

    python3 bench/plant.py DIRECTORY                 # a tree below DIRECTORY/tree and DIRECTORY/manifest.json
    python3 bench/plant.py DIRECTORY --seed 7

The same seed gives the same tree. Every credential stands in a file of its own, so that a finding can be held against it by file and line. Each value is
random; since scanners cannot know that, the tree and the manifest must stay outside this repository and are never committed.
"""

import argparse
import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

from plant_decoys import LENIENT, decoys
from plant_files import FILES
from plant_formats import FORMATS, Format
from plant_notebook import NOTEBOOK, SHAPE_MAKER, SHAPES, Notebook

REPOSITORY = Path(__file__).resolve().parent.parent
SEED = 20261128


@dataclass
class Case:
    """One credential and the names it goes by where it is planted."""

    form: Format
    r: random.Random
    value: str = ""
    pairs: list = field(default_factory=list)
    # What of it stands in the file: the value, or its parts, or its encoded form.
    needles: list = field(default_factory=list)

    def __post_init__(self):
        secret = self.form.make(self.r)
        self.value = secret.value
        self.pairs = [*secret.beside, (self.form.env, secret.value)]
        # Ends of a block tell its lines better than its text, of which a JSON file escapes every line end.
        if "\n" in self.value:
            lines = [line.strip() for line in self.value.strip().splitlines()]
            marks = [line for line in lines if ":" in line and "{" not in line] or [lines[0], lines[-1]]
            self.needles = [marks[0], marks[-1]]
        else:
            self.needles = [value for _, value in self.pairs]

    name = property(lambda self: self.form.env)
    variable = property(lambda self: self.form.env.lower())
    call = property(lambda self: self.form.call)
    argument = property(lambda self: self.form.argument)


class Planter:
    def __init__(self, directory, seed):
        self.tree = directory / "tree"
        self.r = random.Random(seed)
        self.used = dict.fromkeys((form.key for form in FORMATS), 0)
        self.planted = []
        self.decoys = []

    def choose(self, predicate, named):
        """The format planted least so far among those that can stand here: chance decides between equals."""
        kinds = {"token", "named", "pair"} if named else {"token"}
        able = [form for form in FORMATS if (predicate(form) if predicate else form.kind in kinds)]
        form = min(able, key=lambda form: (self.used[form.key], self.r.random()))
        self.used[form.key] += 1
        return form

    def write(self, folder, path, text):
        file = self.tree / folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return file.relative_to(self.tree).as_posix()

    def plant(self, placement, form, path, text, case, cell=None):
        file = self.write(f"planted/{len(self.planted):03}", path, text)
        lines = [line_of(text, needle) for needle in case.needles]
        if None in lines:
            sys.exit(f"plant: {form.key} does not stand in {file} ({placement})")
        span = {"first_line": min(lines), "last_line": max(lines)}
        self.planted.append({"file": file, **span, "cell": cell, "placement": placement, "format": form.key, "kind": form.kind, "value": case.value})

    def notebooks(self):
        rows = [(placement, named, predicate, count, maker, "pretty") for placement, named, predicate, count, maker in NOTEBOOK]
        rows += [(f"notebook, {label}", True, None, 5, SHAPE_MAKER, shape) for shape, label in SHAPES]
        for placement, named, predicate, count, maker, shape in rows:
            for _ in range(count):
                case = Case(self.choose(predicate, named), self.r)
                book = Notebook(self.r)
                book.joined = shape == "joined"
                maker(book, case)
                self.plant(placement, case.form, "train.ipynb", book.close().render(shape), case, book.marked)

    def files(self):
        for placement, named, predicate, count, path, maker in FILES:
            for _ in range(count):
                case = Case(self.choose(predicate, named), self.r)
                self.plant(placement, case.form, path, maker(case), case)

    def silent(self, each):
        for kind, path, text in decoys(self.r, each):
            file = self.write(f"decoys/{len(self.decoys):03}", path, text)
            self.decoys.append({"file": file, "kind": kind, "lenient": kind in LENIENT})


def line_of(text, needle):
    """The line of the file on which a text begins, as it stands or as one or two JSON strings around it write it."""
    for _ in range(3):
        at = text.find(needle)
        if at >= 0:
            return text.count("\n", 0, at) + 1
        needle = json.dumps(needle, ensure_ascii=False)[1:-1]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--decoys", type=int, default=4, help="how often each kind of decoy stands in the tree (default: %(default)s)")
    options = parser.parse_args()
    directory = options.directory.resolve()
    if directory.is_relative_to(REPOSITORY):
        sys.exit("plant: what is planted must not lie inside this repository")
    if (directory / "tree").exists():
        sys.exit(f"plant: {directory / 'tree'} is there already")
    planter = Planter(directory, options.seed)
    planter.notebooks()
    planter.files()
    planter.silent(options.decoys)
    manifest = {"seed": options.seed, "planted": planter.planted, "decoys": planter.decoys}
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    formats = {entry["format"] for entry in planter.planted}
    places = {entry["placement"] for entry in planter.planted}
    print(f"{len(planter.planted)} planted, {len(formats)} formats, {len(places)} placements, {len(planter.decoys)} decoys: {directory}")


if __name__ == "__main__":
    main()
