"""Notebooks for the planted benchmark: a credential in each place of one where people leave them."""

import html
import json

from plant_formats import HEX, b64, pick

COLAB = {"accelerator": "GPU", "colab": {"gpuType": "T4", "provenance": []}, "kernelspec": {"display_name": "Python 3", "name": "python3"}}
PYTHON = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "version": "3.11.4"},
}


class Notebook:
    """Cells with the noise that real ones carry: ids, counts, images, hashes."""

    def __init__(self, r):
        self.r = r
        self.cells = []
        self.metadata = json.loads(json.dumps(r.choice([COLAB, PYTHON])))
        self.marked = None
        self.joined = False
        self.markdown("# Fine-tuning\n\nRun the cells in order; a GPU with 16 GB is enough.")
        self.code("import torch\nfrom transformers import AutoModelForCausalLM, AutoTokenizer, Trainer\n\nmodel_id = \"org/base-7b\"")

    def add(self, kind, source, **more):
        self.cells.append({"cell_type": kind, "id": pick(self.r, HEX, 8), "metadata": {}, "source": source, **more})
        return self

    def markdown(self, source):
        return self.add("markdown", source)

    def raw(self, source):
        return self.add("raw", source)

    def code(self, source, *outputs):
        return self.add("code", source, execution_count=len(self.cells) + 1, outputs=list(outputs))

    def mark(self):
        """The cell just added holds the credential."""
        self.marked = len(self.cells)
        return self

    def close(self):
        image = b64(b"\x89PNG\r\n\x1a\n" + self.r.randbytes(self.r.randrange(300, 1500)))
        self.code(
            "tokenizer = AutoTokenizer.from_pretrained(model_id)\ntokenizer.pad_token = tokenizer.eos_token\nplt.plot(losses)",
            display({"image/png": image, "text/plain": "<Figure size 640x480 with 1 Axes>"}),
        )
        return self

    def lines(self, text):
        return text if self.joined else text.splitlines(keepends=True)

    def render(self, form="pretty"):
        cells = []
        for cell in self.cells:
            cell = {**cell, "source": self.lines(cell["source"])}
            if "outputs" in cell:
                cell["outputs"] = [self.output(o) for o in cell["outputs"]]
            cells.append(cell)
        book = {"cells": cells, "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}
        if form == "v3":
            book = version_three(book)
        if form == "minified":
            return json.dumps(book, separators=(",", ":"))
        text = json.dumps(book, indent=1, ensure_ascii=False) + "\n"
        return text.replace("\n", "\r\n") if form == "crlf" else text

    def output(self, output):
        output = dict(output)
        if "text" in output:
            output["text"] = self.lines(output["text"])
        if "data" in output:
            output["data"] = {
                kind: self.lines(data) if isinstance(data, str) and kind.startswith("text/") else data for kind, data in output["data"].items()
            }
        return output


def version_three(book):
    cells = []
    for cell in book["cells"]:
        kept = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        if cell["cell_type"] == "code":
            outputs = [{**o, "output_type": "pyout" if o["output_type"] == "execute_result" else o["output_type"]} for o in cell["outputs"]]
            kept |= {"collapsed": False, "input": cell["source"], "language": "python", "outputs": outputs, "prompt_number": cell["execution_count"]}
        else:
            kept |= {"source": cell["source"]}
        cells.append(kept)
    return {"metadata": {"name": "training"}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}


def stream(text):
    return {"name": "stdout", "output_type": "stream", "text": text}


def display(data):
    return {"data": data, "metadata": {}, "output_type": "display_data"}


def result(data):
    return {"data": data, "execution_count": 3, "metadata": {}, "output_type": "execute_result"}


def error(name, text, trace):
    return {"ename": name, "evalue": text, "output_type": "error", "traceback": trace}


# What a case `c` brings: c.value, c.name (of the environment), c.variable, c.call, c.argument, c.pairs (all names and values), c.r.


def code(make):
    return lambda n, c: n.code(make(c)).mark()


def pairs(c, line, sep="\n"):
    return sep.join(line.format(n=n, v=v, low=n.lower()) for n, v in c.pairs)


def halves(c):
    cut = len(c.value) // 2 + c.r.randrange(-3, 4)
    c.needles = [c.value[:cut], c.value[cut:]]
    return c.needles


def implicit(c):
    a, b = halves(c)
    return f'{c.variable} = (\n    "{a}"\n    "{b}"\n)'


def plus(c):
    a, b = halves(c)
    return f'{c.variable} = "{a}" + "{b}"'


def wrapped(c, encode, line):
    text = encode(c.value.encode())
    c.needles = [text]
    return line.format(v=c.variable, t=text)


def out(source, make):
    return lambda n, c: n.code(source, make(c)).mark()


def quoted_table(c):
    row = json.dumps({c.variable: c.value, "model": "org/base-7b"})
    c.needles = [html.escape(c.value)]
    return result({"text/html": f"<pre>{html.escape(row)}</pre>", "text/plain": "<IPython.core.display.HTML object>"})


def table(c):
    c.needles = [html.escape(c.value)]
    rows = f"<tr>\n  <th>0</th>\n  <td>{c.variable}</td>\n  <td>{html.escape(c.value)}</td>\n</tr>"
    return result({"text/html": f'<table border="1" class="dataframe">\n{rows}\n</table>', "text/plain": "  name  value"})


def refused(c):
    text = f"Error code: 401 - Incorrect API key provided: {c.value}. You can find your key in the settings."
    c.needles = [c.value]
    trace = ["\x1b[0;31m---------------------------------------------------------------------------\x1b[0m", f"\x1b[0;31mAuthenticationError\x1b[0m: {text}"]
    return error("AuthenticationError", "401", trace)


def coloured(c):
    line = f'\x1b[0;32m----> 2\x1b[0;31m \x1b[0m{c.variable} \x1b[0;34m=\x1b[0m \x1b[0;34m"{c.value}"\x1b[0m\x1b[0;34m;\x1b[0m'
    return error("ConnectionError", "refused", ["\x1b[0;31mConnectionError\x1b[0m: Traceback (most recent call last)", line])


def in_cell_metadata(n, c):
    n.code("print(model_id)")
    n.cells[-1]["metadata"] = {"tags": ["parameters"], "form": {c.variable: c.value}}
    return n.mark()


def papermill(n, c):
    n.metadata["papermill"] = {"duration": 12.5, "parameters": {"epochs": 3, c.variable: c.value}, "version": "2.4.0"}
    return n


def colab_metadata(n, c):
    n.metadata["colab"] = {"provenance": [{"file_id": pick(c.r, HEX, 32)}], "environment": {c.name: c.value}}
    return n


def widget(n, c):
    key = pick(c.r, HEX, 32)
    state = {"_model_name": "PasswordModel", "_view_count": None, "description": "Token:", "disabled": False, "value": c.value}
    model = {"model_module": "@jupyter-widgets/controls", "model_module_version": "1.5.0", "model_name": "PasswordModel", "state": state}
    n.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {key: model}, "version_major": 2, "version_minor": 0}}
    return n


def git_clone(c):
    host, user = ("gitlab.com", "oauth2") if c.form.key.startswith("gitlab") else ("github.com", "trainer")
    return f"!git clone https://{user}:{c.value}@{host}/team/private-models.git"


def kaggle_file(c):
    (_, user), (_, key) = c.pairs
    return json.dumps({"username": user, "key": key})


def keys(*wanted):
    return lambda form: form.key in wanted


def starts(*wanted):
    return lambda form: form.key.startswith(wanted)


def kinds(*wanted):
    return lambda form: form.kind in wanted


URLS = starts("database-url", "basic-auth-url", "azure-sas", "slack-hook", "azure-storage")
HUB = keys("huggingface-user")


def bearer(form):
    return form.kind == "token" and not URLS(form)


# (placement, does it carry a name, which formats can stand there or None for all that fit in a line, how many, maker)
NOTEBOOK = [
    ("source, double quotes", True, None, 12, code(lambda c: pairs(c, '{low} = "{v}"'))),
    ("source, single quotes", True, None, 8, code(lambda c: pairs(c, "{low} = '{v}'"))),
    ("os.environ, double quotes", True, None, 12, code(lambda c: "import os\n" + pairs(c, 'os.environ["{n}"] = "{v}"'))),
    ("os.environ, single quotes", True, None, 6, code(lambda c: "import os\n" + pairs(c, "os.environ['{n}'] = '{v}'"))),
    ("keyword argument", True, kinds("token", "named"), 10, code(lambda c: f'client = {c.call}({c.argument}="{c.value}", timeout=30)')),
    ("positional argument", True, kinds("token", "named"), 5, code(lambda c: f'client = {c.call}("{c.value}")')),
    ("fallback after os.getenv", True, kinds("token", "named"), 4, code(lambda c: f'{c.variable} = os.getenv("{c.name}") or "{c.value}"')),
    ("dictionary entry", True, None, 6, code(lambda c: "config = {\n    \"epochs\": 3,\n" + pairs(c, '    "{low}": "{v}",') + "\n}")),
    ("f-string", False, bearer, 5, code(lambda c: f'headers = {{"Authorization": f"Bearer {c.value}", "X-Model": f"{{model_id}}"}}')),
    ("implicit concatenation", True, kinds("token", "named"), 6, code(implicit)),
    ("concatenation with +", True, kinds("token", "named"), 6, code(plus)),
    ("base64 wrapper", False, kinds("token"), 5, code(lambda c: wrapped(c, b64, 'import base64\n{v} = base64.b64decode("{t}").decode()'))),
    ("hex wrapper", False, kinds("token"), 4, code(lambda c: wrapped(c, bytes.hex, '{v} = bytes.fromhex("{t}").decode()'))),
    ("key in triple quotes", False, kinds("pem"), 4, code(lambda c: f'signing = """{c.value}"""')),
    ("form field", True, kinds("token", "named"), 4, code(lambda c: f'{c.variable} = "{c.value}" #@param {{type:"string"}}')),
    ("comment in a cell", False, kinds("token"), 4, code(lambda c: f"# old key: {c.value}\nmodel.train()")),
    ("%env NAME value", True, None, 5, code(lambda c: pairs(c, "%env {n} {v}"))),
    ("%env NAME=value", True, None, 6, code(lambda c: pairs(c, "%env {n}={v}"))),
    ("!export", True, None, 5, code(lambda c: pairs(c, "!export {n}='{v}'"))),
    ("!NAME=value command", True, kinds("token", "named"), 4, code(lambda c: f"!{c.name}='{c.value}' python train.py --epochs 3")),
    ("!wandb login", True, starts("wandb"), 4, code(lambda c: f"!pip install -q wandb\n!wandb login {c.value}")),
    ("!huggingface-cli login", True, HUB, 3, code(lambda c: f"!huggingface-cli login --token {c.value} --add-to-git-credential")),
    ("!ngrok authtoken", True, keys("ngrok"), 3, code(lambda c: f"!ngrok config add-authtoken {c.value}")),
    ("!git clone with a token", True, starts("github-", "gitlab"), 5, code(git_clone)),
    ("!curl header", False, bearer, 6, code(lambda c: f'!curl -s -H "Authorization: Bearer {c.value}" https://api.company.io/v1/models')),
    ("%%writefile kaggle.json", True, keys("kaggle-legacy"), 3, code(lambda c: "%%writefile ~/.kaggle/kaggle.json\n" + kaggle_file(c))),
    ("!echo kaggle.json", True, keys("kaggle-legacy"), 2, code(lambda c: f"!mkdir -p ~/.kaggle\n!echo '{kaggle_file(c)}' > ~/.kaggle/kaggle.json")),
    ("%%writefile credentials.json", False, kinds("file"), 3, code(lambda c: "%%writefile credentials.json\n" + c.value)),
    ("%%writefile .env", True, None, 4, code(lambda c: "%%writefile .env\n" + pairs(c, "{n}={v}"))),
    ("%%bash", True, None, 5, code(lambda c: "%%bash\nset -e\n" + pairs(c, "export {n}='{v}'") + "\npython train.py")),
    ("markdown, fenced", True, None, 4, lambda n, c: n.markdown("Set the key first:\n\n```bash\n" + pairs(c, "export {n}='{v}'") + "\n```\n").mark()),
    ("markdown, in a sentence", False, kinds("token"), 4, lambda n, c: n.markdown(f"The key for the course is `{c.value}`, do not share it.").mark()),
    ("output, environment listed", True, None, 6, out("!env", lambda c: stream("HOME=/root\n" + pairs(c, "{n}={v}") + "\nLANG=C.UTF-8\n"))),
    ("output, printed", False, kinds("token"), 6, out("print(token)", lambda c: stream(f"loading...\ntoken: {c.value}\ndone\n"))),
    ("output, repr", True, None, 6, out("config", lambda c: result({"text/plain": repr({"epochs": 3, **{n.lower(): v for n, v in c.pairs}})}))),
    ("output, JSON in repr", True, kinds("token", "named"), 4, out("body", lambda c: result({"text/plain": repr(json.dumps({c.variable: c.value}))}))),
    ("output, HTML table", False, kinds("token"), 6, out("frame", table)),
    ("output, HTML entities", True, kinds("token", "named"), 5, out("show(config)", quoted_table)),
    ("output, traceback", False, bearer, 6, out("client.models()", refused)),
    ("output, coloured source", True, kinds("token", "named"), 4, out("client.models()", coloured)),
    ("output, application/json", True, None, 4, out("JSON(x)", lambda c: display({"application/json": {"a": 1, **{n.lower(): v for n, v in c.pairs}}}))),
    ("output, text/markdown", False, kinds("token"), 3, out("Markdown(x)", lambda c: display({"text/markdown": f"**key** `{c.value}`"}))),
    ("cell metadata", True, kinds("token", "named"), 4, in_cell_metadata),
    ("notebook metadata, papermill", True, kinds("token", "named"), 4, papermill),
    ("notebook metadata, Colab", True, kinds("token", "named"), 3, colab_metadata),
    ("widget state", False, kinds("token"), 4, widget),
    ("raw cell", True, None, 3, lambda n, c: n.raw(pairs(c, "{low}: {v}")).mark()),
    ("key in an output", False, kinds("pem"), 3, out("!cat id", lambda c: stream(c.value))),
    ("credentials in an output", False, kinds("file"), 3, out("!cat credentials.json", lambda c: stream(c.value + "\n"))),
    ("credentials as a dictionary", False, kinds("file"), 3, code(lambda c: f"info = {c.value}")),
]

# Notebooks of another shape, around a credential in plain source.
SHAPES = [("minified", "one line"), ("v3", "nbformat 3"), ("crlf", "CRLF"), ("joined", "source as one string")]
SHAPE_MAKER = code(lambda c: "import os\n" + pairs(c, 'os.environ["{n}"] = "{v}"'))
