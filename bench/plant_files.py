"""Files for the planted benchmark: scripts, workflows, images and the files in which tools keep credentials."""

import json
import re

from plant_formats import b64
from plant_notebook import HUB, URLS, bearer, halves, kaggle_file, keys, kinds, pairs, starts

SAFE = re.compile(r"[\w.+/=:@%~-]+")


def bare(text):
    """As an unquoted word of a shell where it can be one."""
    return text if SAFE.fullmatch(text) else f'"{text}"'


def word_pairs(c, line, sep="\n"):
    return sep.join(line.format(n=n, low=n.lower(), v=bare(v)) for n, v in c.pairs)


def workflow(c):
    env = pairs(c, '      {n}: "{v}"')
    return f"name: train\non: push\njobs:\n  train:\n    runs-on: ubuntu-latest\n    env:\n{env}\n    steps:\n      - run: python train.py --epochs 3\n"


def workflow_run(c):
    run = f"          export {c.name}='{c.value}'\n          python push.py\n"
    return f"on: push\njobs:\n  push:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n{run}"


def dockerfile(line):
    return lambda c: "FROM python:3.12-slim\n" + word_pairs(c, line) + "\nRUN pip install -r requirements.txt\nCMD [\"python\", \"serve.py\"]\n"


def compose(entry):
    return lambda c: "services:\n  trainer:\n    image: org/trainer:2.1\n    environment:\n" + pairs(c, entry) + "\n"


def function(c):
    return f'def connect({c.argument}="{c.value}", retries=3):\n    return {c.call}({c.argument}={c.argument})\n'


def getenv(c):
    return f'import os\n\n{c.variable} = os.getenv("{c.name}", "{c.value}")\n'


def argparse(c):
    flag = c.variable.replace("_", "-")
    return f'import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument("--{flag}", default="{c.value}")\nargs = parser.parse_args()\n'


def split(c):
    a, b = halves(c)
    return f'import os\n\nos.environ["{c.name}"] = "{a}" + \\\n    "{b}"\n'


def kubernetes(c):
    text = b64(c.value.encode())
    c.needles = [text]
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: training\ntype: Opaque\ndata:\n  {c.name}: {text}\n"


def clearml(c):
    (_, access), (_, secret) = c.pairs
    return f'api {{\n  web_server: https://app.clear.ml\n  credentials {{\n    "access_key" = "{access}"\n    "secret_key" = "{secret}"\n  }}\n}}\n'


def aws_file(c):
    (_, access), (_, secret) = c.pairs
    return f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\nregion = eu-west-1\n"


# What a vendor's own program is given: its pairs by {a} and {b}, a single value by {b}.
COMMANDS = {
    "wandb-legacy": "wandb login --relogin {b}",
    "huggingface-user": "hf auth login --token {b}",
    "comet": "comet login --api-key {b}",
    "azure-storage-key": "az storage blob upload --container-name models --file model.bin --account-key {b}",
    "pypi": "twine upload dist/* -u __token__ -p {b}",
    "docker-hub": "docker login -u trainer -p {b}",
    "dagshub": "dvc remote modify origin --local password {b}",
    "modal": "modal token set --token-id {a} --token-secret {b}",
    "aws": "aws configure set aws_access_key_id {a}\naws configure set aws_secret_access_key {b}",
}


def cli(c):
    return "#!/bin/sh\n" + COMMANDS[c.form.key].format(a=c.pairs[0][1], b=c.value) + "\n"


PY = "import torch\nfrom transformers import Trainer\n\n"


def docstring(c):
    return f'def train(data):\n    """Trains a model.\n\n    Call with the key {c.value} when the service asks.\n    """\n    return fit(data)\n'


def keyword(c):
    return PY + f"client = {c.call}(\n    timeout=30,\n    {c.argument}='{c.value}',\n)\n"


def option(c):
    return f"#!/bin/bash\npython train.py \\\n  --epochs 3 \\\n  --{c.variable.replace('_', '-')} {bare(c.value)}\n"


def netrc(c):
    return f"machine api.company.io\n  login user\n  password {c.value}\n"


def dvc(c):
    return f"['remote \"origin\"']\n    auth = basic\n    user = trainer\n    password = {c.value}\n"


def pip(c):
    return f"[global]\nextra-index-url = https://builder:{c.value}@pypi.company.io/simple\n"


def requirement(c):
    return f"torch==2.4.0\ngit+https://{c.value}@github.com/team/private.git@v1.2\n"


def settings(c):
    return json.dumps({"epochs": 3, "tracking": {n.lower(): v for n, v in c.pairs}}, indent=2) + "\n"


def readme(c):
    return f"# Training\n\n```bash\nexport {c.name}='{c.value}'\npython train.py\n```\n"

# (placement, carries a name, formats, how many, path, text)
FILES = [
    (".py, assignment", True, None, 6, "train.py", lambda c: PY + pairs(c, '{n} = "{v}"') + "\n\nmodel = load()\n"),
    (".py, comment", False, kinds("token"), 4, "train.py", lambda c: PY + f"# TODO: move to the vault: {c.value}\nmodel = load()\n"),
    (".py, docstring", False, kinds("token"), 4, "train.py", docstring),
    (".py, keyword argument", True, kinds("token", "named"), 5, "train.py", keyword),
    (".py, default of a parameter", True, kinds("token", "named"), 4, "client.py", function),
    (".py, default of getenv", True, kinds("token", "named"), 4, "settings.py", getenv),
    (".py, default of an option", True, kinds("token", "named"), 4, "cli.py", argparse),
    (".py, split over lines", True, kinds("token", "named"), 4, "settings.py", split),
    (".py, key", False, kinds("pem"), 3, "sign.py", lambda c: f'SIGNING = """\\\n{c.value}"""\n'),
    (".py, header", False, bearer, 3, "call.py", lambda c: f'HEADERS = {{"Authorization": "Bearer {c.value}"}}\n'),
    (".sh, export", True, None, 6, "run.sh", lambda c: "#!/bin/bash\nset -eu\n" + word_pairs(c, "export {n}={v}") + "\npython train.py\n"),
    (".sh, option", True, kinds("token", "named"), 5, "run.sh", option),
    (".sh, header", False, bearer, 4, "call.sh", lambda c: f"#!/bin/sh\ncurl -H 'Authorization: Bearer {c.value}' https://api.company.io/v1/models\n"),
    (".sh, CLI of a vendor", True, keys(*COMMANDS), 10, "login.sh", cli),
    ("workflow, env", True, None, 6, ".github/workflows/train.yml", workflow),
    ("workflow, run", True, kinds("token", "named"), 4, ".github/workflows/push.yml", workflow_run),
    ("Dockerfile, ENV", True, None, 6, "Dockerfile", dockerfile("ENV {n}={v}")),
    ("Dockerfile, ARG", True, kinds("token", "named"), 4, "Dockerfile", dockerfile("ARG {n}={v}")),
    ("compose, list", True, None, 4, "docker-compose.yml", compose("      - {n}={v}")),
    ("compose, map", True, None, 4, "docker-compose.yml", compose('      {n}: "{v}"')),
    (".env", True, None, 6, ".env", lambda c: "DEBUG=1\n" + pairs(c, "{n}={v}") + "\n"),
    ("kaggle.json", True, keys("kaggle-legacy"), 3, "kaggle.json", kaggle_file),
    ("token file of the hub", True, HUB, 3, "huggingface/token", lambda c: c.value),
    (".netrc", True, starts("wandb", "huggingface-user", "github-classic"), 4, ".netrc", netrc),
    (".pypirc", True, keys("pypi", "mlflow"), 3, ".pypirc", lambda c: f"[pypi]\nusername = __token__\npassword = {c.value}\n"),
    (".dvc/config.local", True, keys("dagshub", "mlflow"), 3, ".dvc/config.local", dvc),
    ("clearml.conf", True, keys("clearml"), 2, "clearml.conf", clearml),
    ("pip.conf", True, keys("github-classic", "mlflow", "gitlab"), 3, "pip.conf", pip),
    ("requirements.txt", True, keys("github-fine", "github-classic", "gitlab"), 3, "requirements.txt", requirement),
    (".npmrc", True, keys("npm"), 2, ".npmrc", lambda c: f"//registry.npmjs.org/:_authToken={c.value}\n"),
    (".git-credentials", True, starts("github-", "gitlab"), 3, ".git-credentials", lambda c: f"https://trainer:{c.value}@github.com\n"),
    ("terraform.tfvars", True, None, 4, "terraform.tfvars", lambda c: 'region = "eu-west-1"\n' + pairs(c, '{low} = "{v}"') + "\n"),
    ("credentials file", False, kinds("file"), 4, "credentials.json", lambda c: c.value + "\n"),
    ("aws credentials", True, keys("aws"), 2, ".aws/credentials", aws_file),
    ("YAML value", True, None, 5, "config.yaml", lambda c: "epochs: 3\ntracking:\n" + pairs(c, "  {low}: {v}") + "\n"),
    ("TOML value", True, None, 4, "config.toml", lambda c: "[tracking]\nepochs = 3\n" + pairs(c, '{low} = "{v}"') + "\n"),
    ("INI value", True, None, 4, "config.ini", lambda c: "[tracking]\nepochs = 3\n" + pairs(c, "{low} = {v}") + "\n"),
    ("JSON value", True, None, 4, "config.json", settings),
    ("secrets.toml of Streamlit", True, None, 3, ".streamlit/secrets.toml", lambda c: pairs(c, '{n} = "{v}"') + "\n"),
    ("Makefile", True, kinds("token", "named"), 3, "Makefile", lambda c: f"export {c.name} = {c.value}\n\ntrain:\n\tpython train.py\n"),
    ("README, fenced", True, kinds("token", "named"), 4, "README.md", readme),
    ("key file", False, kinds("pem"), 4, "signing.pem", lambda c: c.value),
    ("Kubernetes secret", True, lambda form: kinds("token", "named")(form) and not URLS(form), 4, "secret.yaml", kubernetes),
]
