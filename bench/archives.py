"""Source archives by name and hash: from the indexes pip is configured with, checked, and unpacked. Nothing is built, installed or imported."""

import base64
import hashlib
import html.parser
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path


def default_cache():
    """Where archives and trees are kept: outside this repository."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipevet-bench"


def provide(archive, archives, target):
    """Unpacks an archive (`name`, `version`, `sha256`) to `target` unless that was done before."""
    if target.is_dir():
        return
    archives.mkdir(parents=True, exist_ok=True)
    packed = archives / archive["sha256"]
    if not packed.is_file() or digest(packed) != archive["sha256"]:
        download(archive, packed)
    unpack(packed, target)
    print(f"bench: unpacked {archive['name']} {archive['version']}", file=sys.stderr)


def unpack(packed, target):
    """A tar or zip archive (a wheel is one), into a directory that appears only when it is whole."""
    aside = target.with_name(target.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    if zipfile.is_zipfile(packed):
        # `extractall` drops drives, roots and parents from names, and writes links as plain files.
        with zipfile.ZipFile(packed) as bundle:
            bundle.extractall(aside)
    else:
        # The `data` filter refuses absolute paths, parents, links out of the tree and devices.
        with tarfile.open(packed) as tar:
            tar.extractall(aside, filter="data")
    aside.rename(target)


def download(archive, to):
    for href, sha256 in listing(archive["name"]):
        if sha256 == archive["sha256"]:
            aside = to.with_name(to.name + ".part")
            with fetch(href) as source, aside.open("wb") as out:
                shutil.copyfileobj(source, out)
            if digest(aside) != archive["sha256"]:
                aside.unlink()
                sys.exit(f"bench: {archive['name']}: what came is not what the manifest names")
            aside.rename(to)
            return
    sys.exit(f"bench: {archive['name']} {archive['version']}: no index pip is configured with has a file of that hash")


def digest(path):
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def listing(name):
    """(URL, sha256) of every file of a project, over all configured indexes; JSON where the index speaks it, HTML otherwise."""
    for index in indexes():
        page = f"{index.rstrip('/')}/{name}/"
        accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
        try:
            with fetch(page, {"Accept": accept}) as answer:
                body, kind, page = answer.read(), answer.headers.get_content_type(), answer.geturl()
        except OSError as error:
            print(f"bench: {name}: an index does not answer ({type(error).__name__})", file=sys.stderr)
            continue
        if kind.endswith("json"):
            files = [(f["url"], f.get("hashes", {}).get("sha256")) for f in json.loads(body)["files"]]
        else:
            links = Links()
            links.feed(body.decode("utf-8", "replace"))
            files = [(href, urllib.parse.parse_qs(urllib.parse.urlsplit(href).fragment).get("sha256", [None])[0]) for href in links.found]
        for href, sha256 in files:
            yield urllib.parse.urljoin(page, href), sha256


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def indexes():
    """The indexes pip would ask: its environment, its files, else its own default."""
    found = [pip_setting("index-url", "PIP_INDEX_URL") or ask_pip("from pip._internal.models.index import PyPI; print(PyPI.simple_url)")]
    found += (pip_setting("extra-index-url", "PIP_EXTRA_INDEX_URL") or "").split()
    return [i for i in found if i]


def pip_setting(key, variable):
    if os.environ.get(variable):
        return os.environ[variable]
    for section in ("install", "download", "global"):
        run = subprocess.run([sys.executable, "-m", "pip", "config", "get", f"{section}.{key}"], capture_output=True, text=True)
        if run.returncode == 0 and run.stdout.strip():
            return run.stdout.strip()
    return None


def ask_pip(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def fetch(url, headers=None):
    parts = urllib.parse.urlsplit(url)
    request_headers = dict(headers or {})
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request_headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        parts = parts._replace(netloc=host)
    clean = urllib.parse.urlunsplit(parts._replace(fragment=""))
    return urllib.request.urlopen(urllib.request.Request(clean, headers=request_headers), timeout=120)
