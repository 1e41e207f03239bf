"""What looks like a credential and is none: each must stay silent.

Two kinds may be told at the lowest severity, and only there: a token that has expired and one that every installation shares.
"""

import json

from plant_formats import ALNUM, DIGITS, HEX, LETTERS, LOWER, PAST, UPPER, WORD, b64, b64url, jwt, pick, uuid
from plant_notebook import Notebook, display, error, result, stream

LENIENT = {"expired token", "shared demonstration token"}


def sha(r, n):
    return pick(r, HEX, n)


def presigned(r):
    scope = f"AKIA{pick(r, UPPER + '234567', 16)}%2F20240105%2Feu-west-1%2Fs3%2Faws4_request"
    return f"https://data.s3.amazonaws.com/set.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Expires=3600&X-Amz-Signature={sha(r, 64)}"


def demo_anon(_):
    """The form of the keys that every local installation of a database service starts with."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": "supabase-demo", "role": "anon", "exp": 1983812996}]
    header, body = (b64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{header}.{body}.{b64url(bytes(range(32)))}"


def emulator(_):
    """The key that the vendor's storage emulator has on every machine, as its documentation prints it."""
    return "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6" + "tq/K1SZFPTOtr/KBHBeksoGMGw=="


def ssh_public(r):
    return "ssh-ed25519 " + b64(b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + r.randbytes(32)) + " trainer@node"


def certificate(r):
    text = b64(bytes.fromhex("308203") + r.randbytes(700))
    return "\n".join(["-----BEGIN CERTIFICATE-----", *(text[i : i + 64] for i in range(0, len(text), 64)), "-----END CERTIFICATE-----"])


def public_key(r):
    text = b64(bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100") + r.randbytes(256) + bytes.fromhex("0203010001"))
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *(text[i : i + 64] for i in range(0, len(text), 64)), "-----END PUBLIC KEY-----"])


NAMES = ["HF_TOKEN", "WANDB_API_KEY", "OPENAI_API_KEY", "COMET_API_KEY", "KAGGLE_KEY", "COHERE_API_KEY", "PINECONE_API_KEY"]


# What people write where a value belongs.
WORDS = {
    "openai": ["sk-xxxxxxxxxxxxxxxxxxxxxxxx", "sk-...", "sk-your-key-here", "sk-1234567890abcdef", "sk-" + "X" * 48],
    "groq": ["gsk_YOUR_API_KEY_HERE", "gsk_...", "gsk_" + "X" * 52],
    "short": ["YOUR_API_KEY", "<your token>", "<token>", "REPLACE_ME", "xxxxxxxx", "changeme", "[your key]", "PASTE YOUR KEY"],
    "sentence": ["your-api-key-here", "insert_key_here", "my-secret-token", "put_your_token_here", "add-your-api-key-from-the-dashboard"],
    "template": ["{{api_key}}", "$API_KEY", "<INSERT_OPENAI_API_KEY>", "ENTER_YOUR_KEY_0123456789", "YOUR_PINECONE_API_KEY_FROM_APP_PINECONE_IO"],
    "kaggle": ["wandb_api_key_training", "HF_TOKEN_WRITE_2024", "neptune-api-token"],
    "special": ["<|endoftext|>", "<|reserved_special_token_0|>", "<|finetune_right_pad_id|>"],
    "picture": ["<|vision_start|><|image_pad|><|vision_end|>", "<image_placeholder_0>", "[INST_TOKEN_2]"],
    "class": ["AutoModelForSequenceClassification", "DataCollatorForLanguageModeling", "BitsAndBytesConfig"],
    "function": ["hub_download_with_retries_and_local_cache", "model_to_onnx_with_past_key_values_conv", "tokenizer_kwargs_for_chat_template_apply"],
    "package": ["sk-learn-contrib-imbalanced-ensemble", "sk-dist-spark-cross-validation-helper", "pa-radise-lost-in-the-embedding-space-of-words"],
    "local": ["postgres:postgres@localhost", "postgres:postgres@127.0.0.1", "user:password@localhost", "root:root@localhost"],
    "clone": ["USERNAME:TOKEN@github.com/org/repo.git", "<user>:<token>@github.com/org/repo", "oauth2:${GITLAB_TOKEN}@gitlab.com/org/repo"],
    "router": ["your-api-key", "0" * 64, "1234567890abcdef" * 4, "xxxxxxxxxxxxxxxx", "abcdef0123456789" * 4],
    "aws": ["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "AKIAXXXXXXXXXXXXXXXX"],
    "secret": ["prod-model-registry-2", "projects/12345/secrets/hf-token/versions/latest", "huggingface-token-readonly", "team/wandb-api-key-v2"],
    "model": ["meta-llama/Llama-3.1-8B-Instruct", "stabilityai/stable-diffusion-xl-base-1.0", "sentence-transformers/all-MiniLM-L6-v2"],
    "path": ["/content/drive/MyDrive/token.json", "~/.cache/huggingface/token", "/kaggle/working/credentials.json"],
    "advice": ["api_key: set it with OPENAI_API_KEY or pass it to the constructor", "token = missing, run huggingface-cli login first"],
    "column": ["created_at:desc:nulls_last", "validation_accuracy_top5_epoch12"],
    "test": ["password", "test", "secret", "admin123", "hunter2", "123456"],
    "reference": ["${OPENAI_API_KEY}", "{{ secrets.OPENAI_API_KEY }}", "env:OPENAI_API_KEY", "%(OPENAI_API_KEY)s", "vault:secret/data/openai#key"],
    "variable": ["NEMOTRON_4_340B_API_KEY", "LLAMA3_70B_8192_KEY", "GPT4_32K_TOKEN_2"],
}


def line(template, **parts):
    """A line in which `{word}` is one of WORDS, `{name}` a name of a secret, and any other hole what `parts` makes for it."""

    def make(r):
        holes = {key: part(r) for key, part in parts.items()}
        chosen = {key: r.choice(texts) for key, texts in WORDS.items() if "{" + key + "}" in template}
        text = template.replace("{name}", r.choice(NAMES))
        for key, value in {**chosen, **holes}.items():
            text = text.replace("{" + key + "}", value)
        return text

    return make


def hexadecimal(n):
    return lambda r: pick(r, HEX, n)


def alnum(n):
    return lambda r: pick(r, ALNUM, n)


# (kind, line of Python): each stands in a script and in a cell of a notebook by turns.
PYTHON = [
    ("placeholder of a prefix", line(f'login(token="hf_{"x" * 34}")')),
    ("placeholder of a prefix", line('openai.api_key = "{openai}"')),
    ("placeholder of a prefix", line('client = Groq(api_key="{groq}")')),
    ("placeholder in words", line('os.environ["{name}"] = "{short}"')),
    ("placeholder in words", line('api_key = "{sentence}"')),
    ("placeholder in words", line('client = Pinecone(api_key="{template}")')),
    ("environment read", line('api_key = os.environ["{name}"]')),
    ("environment read", line('token = os.getenv("{name}", "")')),
    ("environment read", line('# api_key = os.getenv("{variable}")')),
    ("prompt", line('os.environ["{name}"] = getpass.getpass("Enter your API key: ")')),
    ("secret store of Colab", line('token = userdata.get("{name}")')),
    ("secret store of Kaggle", line('secret_value_0 = UserSecretsClient().get_secret("{kaggle}")')),
    ("git revision", line('model = AutoModel.from_pretrained("org/base-7b", revision="{sha}")', sha=hexadecimal(40))),
    ("git revision", line('COMMIT = "{sha}"', sha=hexadecimal(40))),
    ("digest", line('expected = "sha256:{sha}"', sha=hexadecimal(64))),
    ("digest", line('retrieve(url, known_hash="md5:{sha}")', sha=hexadecimal(32))),
    ("digest", line('checkpoint_md5 = "{sha}"', sha=hexadecimal(32))),
    ("digest", line('MODEL_SHA256 = "{sha}"', sha=hexadecimal(64))),
    ("UUID", line('run_id = "{uuid}"', uuid=uuid)),
    ("UUID", line('experiment_key = "{uuid}"', uuid=uuid)),
    ("special token", line('tokenizer.pad_token = "{special}"')),
    ("special token", line('IMAGE_TOKEN = "{picture}"')),
    ("count of tokens", line("max_tokens, token_count = {n}, 4{n}", n=lambda r: str(r.randrange(256, 4096)))),
    ("count of tokens", line('usage = {"prompt_tokens": {n}, "budget_tokens": 8{n}, "token_type": "cl100k_base"}', n=lambda r: str(r.randrange(999)))),
    ("import of a tokenizer", line("from transformers import AutoTokenizer, {class}")),
    ("author", line('comment = {"author_association": "CONTRIBUTOR", "author": "{who}2024"}', who=lambda r: pick(r, LOWER, 11))),
    ("identifier with a prefix", line("hf_{function} = True")),
    ("identifier with a prefix", line('package = "{package}"')),
    ("checksum is wrong", line('token = "ghp_{body}"', body=alnum(36))),
    ("checksum is wrong", line('value = "npm_{body}"', body=alnum(36))),
    ("checksum is wrong", line("# from the manual: gho_{body}", body=alnum(36))),
    ("presigned URL", line('url = "{url}"', url=presigned)),
    ("public key", line('ssh_public_key = "{key}"', key=ssh_public)),
    ("public key", line('VERIFY = """{key}"""', key=public_key)),
    ("certificate", line('CA = """{pem}"""', pem=certificate)),
    ("expired token", line('token = "{jwt}"', jwt=lambda r: jwt(r, PAST))),
    ("shared demonstration token", line('SUPABASE_ANON_KEY = "{jwt}"', jwt=demo_anon)),
    ("shared demonstration token", line('EMULATOR = "AccountName=devstoreaccount1;AccountKey={key};"', key=emulator)),
    ("local database", line('engine = create_engine("postgresql://{local}:5432/app")')),
    ("template in a URL", line('url = f"postgresql://{user}:{password}@{host}:5432/features"')),
    ("template in a URL", line('git = "https://{clone}"')),
    ("placeholder of the documentation", line('client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="sk-or-v1-{router}")')),
    ("placeholder of the documentation", line('aws_access_key_id = "{aws}"')),
    ("placeholder of the documentation", line('aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"')),
    ("name of a secret", line('secret_name = "{secret}"')),
    ("name of a secret", line('secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:training-{id}"', id=alnum(6))),
    ("model or file name", line('model_key = "{model}"')),
    ("model or file name", line('token_path = "{path}"')),
    ("address of a service", line('token_url = "https://login.microsoftonline.com/{uuid}/oauth2/v2.0/token"', uuid=uuid)),
    ("identifier of a vendor", line('file_id = "file-{id}"', id=alnum(24))),
    ("identifier of a vendor", line('drive_id = "1{id}"', id=lambda r: pick(r, WORD, 32))),
    ("identifier of a vendor", line('assistant = client.beta.assistants.retrieve("asst_{id}")', id=alnum(24))),
    ("text for a reader", line('raise ValueError("{advice}")')),
    ("key of a dictionary", line('sort_key = "{column}"')),
    ("password of a test", line('authenticate(password="{test}")')),
    ("reference to a setting", line('api_key = "{reference}"')),
    ("character set", line(f'alphabet_key = "{LETTERS}{DIGITS}"')),
    ("shortened", line('print("token: hf_{a}...{b}")', a=lambda r: pick(r, LETTERS, 4), b=lambda r: pick(r, LETTERS, 4))),
]

def integrity(r):
    return f"sha512-{b64(r.randbytes(64))}"


def npm_lock(r):
    packages = {f"node_modules/{pick(r, LOWER, 7)}": {"version": "1.2.3", "integrity": integrity(r)} for _ in range(3)}
    return json.dumps({"packages": packages}, indent=2)


def poetry_lock(r):
    files = "".join(f'    {{file = "torch-2.4.0.whl", hash = "sha256:{sha(r, 64)}"}},\n' for _ in range(3))
    return f'[[package]]\nname = "torch"\nversion = "2.4.0"\nfiles = [\n{files}]\n'


def workflow(r):
    name = r.choice(NAMES)
    steps = f"    steps:\n      - uses: actions/checkout@{sha(r, 40)}\n"
    return f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env:\n      {name}: ${{{{ secrets.{name} }}}}\n{steps}"


def environment(r):
    return f"{r.choice(NAMES)}=\nHF_TOKEN=hf_your_token_here\nWANDB_API_KEY=<40 characters>\nSECRET_KEY=change-me-in-production\n"


def script(r):
    call = 'curl -H "Authorization: Bearer $TOKEN" https://api.company.io'
    return f'export {r.choice(NAMES)}="$(cat /run/secrets/key)"\nexport HF_TOKEN=${{HF_TOKEN:-}}\n{call}\n'


def model_settings(r):
    settings = {"bos_token_id": 1, "tokenizer_class": "LlamaTokenizerFast", "_commit_hash": sha(r, 40), "pad_token": "<|finetune_right_pad_id|>"}
    return json.dumps(settings, indent=2)


def terraform(r):
    key = f"arn:aws:kms:eu-west-1:123456789012:key/{uuid(r)}"
    return f'variable "api_key" {{\n  sensitive = true\n}}\nresource "x" "y" {{\n  token = var.api_key\n  kms_key_id = "{key}"\n}}\n'


# (kind, path, text): another file.
OTHERS = [
    ("lock file", "package-lock.json", npm_lock),
    ("lock file", "poetry.lock", poetry_lock),
    ("lock file", "requirements.txt", lambda r: f"torch==2.4.0 \\\n    --hash=sha256:{sha(r, 64)} \\\n    --hash=sha256:{sha(r, 64)}\n"),
    ("secret of the CI", ".github/workflows/ci.yml", workflow),
    ("placeholder in a setting", ".env.example", environment),
    ("reference in a script", "run.sh", script),
    ("image by digest", "Dockerfile", lambda r: f"FROM python:3.12-slim@sha256:{sha(r, 64)}\nARG REVISION={sha(r, 40)}\n"),
    ("pointer of DVC", "data.dvc", lambda r: f"outs:\n- md5: {sha(r, 32)}.dir\n  size: 1048576\n  path: data\n"),
    ("settings of a model", "config.json", model_settings),
    ("Terraform reference", "main.tf", terraform),
]


def picture(r):
    return display({"image/png": b64(b"\x89PNG\r\n\x1a\n" + r.randbytes(1800)), "text/plain": "<Figure>"})


def embedded(r):
    return display({"text/html": f'<img src="data:image/png;base64,{b64(r.randbytes(1200))}" width="400">'})


def drawing(r):
    return display({"image/svg+xml": f'<svg><path id="{pick(r, LETTERS, 10)}" d="M{r.random() * 300:.4f} 0L9 {r.random()}"/></svg>'})


def plot(r):
    data = {"customdata": [sha(r, 40)], "y": {"bdata": b64(r.randbytes(256)), "dtype": "f8"}}
    return display({"application/vnd.plotly.v1+json": {"data": [data]}})


def run_of(r):
    return stream(f"View run at https://wandb.ai/team/project/runs/{pick(r, LOWER + DIGITS, 8)}\ncommit {sha(r, 40)}\n")


def completion(r):
    return result({"text/plain": f"ChatCompletion(id='chatcmpl-{pick(r, ALNUM, 29)}', system_fingerprint='fp_{sha(r, 10)}')"})


def headers(r):
    return stream(f'etag: W/"{sha(r, 32)}" x-request-id: {uuid(r)}\nblob {sha(r, 64)}\n')


def tokens(r):
    return stream(f"tokens: ['the', 'secret', 'key'] token ids: {[r.randrange(32000) for _ in range(12)]}\n")


def refusal(r):
    return error("AuthenticationError", "401", ["Incorrect API key provided: sk-proj-" + "*" * 40 + pick(r, ALNUM, 4) + "."])


def embedding(r):
    return result({"text/plain": "\n".join(f" [{r.random():.8f}, {r.random():.8f}]" for _ in range(4))})


# (kind, output of a cell)
NOISE = [
    ("image in an output", picture),
    ("image in an output", embedded),
    ("drawing in an output", drawing),
    ("plot data", plot),
    ("identifier in an output", run_of),
    ("identifier in an output", completion),
    ("identifier in an output", headers),
    ("tokens in an output", tokens),
    ("refusal in an output", refusal),
    ("embedding in an output", embedding),
]


def decoys(r, each):
    """Yields (kind, path, text) of files of which nothing should be said."""
    for number in range(each):
        for kind, make in PYTHON:
            text = make(r)
            if number % 2:
                yield kind, "notebook.ipynb", Notebook(r).code("import os\n" + text).close().render()
            else:
                yield kind, "script.py", f"import os\n\n{text}\n"
        for kind, path, make in OTHERS:
            yield kind, path, make(r)
        for kind, make in NOISE:
            yield kind, "notebook.ipynb", Notebook(r).code("show()", make(r)).close().render()
