"""Token formats for the planted benchmark: how each vendor's credential looks, made up from a seed.

The table is written from what vendors publish and from nothing of pipevet's rows: a benchmark that shared them would only measure itself. Every value is
random; checksums and encodings are computed where a format has them, since a good tool asks for them.
"""

import base64
import json
import string
import zlib
from dataclasses import dataclass, field

from plant_keys import openssh_ed25519, pem, pkcs1_rsa, pkcs8_rsa, sec1_ec

DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
LETTERS = string.ascii_letters
ALNUM = LETTERS + DIGITS
WORD = ALNUM + "_-"
HEX = "0123456789abcdef"
BASE62 = DIGITS + UPPER + LOWER
# When tokens end that have an end: the years 2030 and 2020.
FUTURE = 1924992000
PAST = 1577836800


@dataclass
class Secret:
    """One credential: the value itself, and what must stand beside it for it to be one."""

    value: str
    # Names and values that go before it: an id of a pair.
    beside: list = field(default_factory=list)


@dataclass
class Format:
    """`kind` says where it can stand: `token` anywhere, `named` only beside a name, `pair` with its other half, `pem` and `file` where a block can."""

    key: str
    env: str
    call: str
    argument: str
    make: object
    kind: str = "token"


def pick(r, alphabet, n):
    """Random characters that begin and end with a letter or digit and hold both cases or digits as real keys do."""
    while True:
        text = "".join(r.choice(alphabet) for _ in range(n))
        if text[0].isalnum() and text[-1].isalnum() and (n < 16 or not any(c.isdigit() for c in alphabet) or any(c.isdigit() for c in text)):
            return text


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def base62_crc(body):
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        text = BASE62[rest] + text
    return text


def checked(prefix):
    def make(r):
        body = pick(r, ALNUM, 30)
        return Secret(f"{prefix}{body}{base62_crc(body)}")

    return make


def plain(pattern, *parts):
    """A value put together from `{}` holes and (alphabet, length) pairs."""
    return lambda r: Secret(pattern.format(*(pick(r, alphabet, n) for alphabet, n in parts)))


def jwt(r, expires=FUTURE, **claims):
    header = b64url(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = {"sub": pick(r, DIGITS, 10), "iss": "https://auth." + pick(r, LOWER, 7) + ".io/", "exp": expires, **claims}
    return f"{header}.{b64url(json.dumps(body, separators=(',', ':')).encode())}.{b64url(r.randbytes(32))}"


def uuid(r):
    return "-".join(pick(r, HEX, n) for n in (8, 4, 4, 4, 12))


def service_account(r):
    project = f"{pick(r, LOWER, 6)}-{pick(r, DIGITS, 6)}"
    mail = f"trainer@{project}.iam.gserviceaccount.com"
    return json.dumps(
        {
            "type": "service_account",
            "project_id": project,
            "private_key_id": pick(r, HEX, 40),
            "private_key": pem("PRIVATE KEY", pkcs8_rsa(r)),
            "client_email": mail,
            "client_id": pick(r, DIGITS, 21),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{mail.replace('@', '%40')}",
        },
        indent=2,
    )


def application_default(r):
    refresh = f"1//0{pick(r, WORD, 60)}"
    client = f"{pick(r, DIGITS, 12)}-{pick(r, LOWER + DIGITS, 32)}.apps.googleusercontent.com"
    return json.dumps({"client_id": client, "client_secret": f"GOCSPX-{pick(r, WORD, 28)}", "refresh_token": refresh, "type": "authorized_user"}, indent=2)


def azure_connection(r):
    return f"DefaultEndpointsProtocol=https;AccountName={pick(r, LOWER, 10)};AccountKey={b64(r.randbytes(64))};EndpointSuffix=core.windows.net"


def azure_sas(r):
    signature = b64(r.randbytes(32)).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = "sv=2022-11-02&ss=b&srt=co&sp=rwdl&se=2031-03-01T00:00:00Z&st=2026-01-05T00:00:00Z&spr=https&sig=" + signature
    return f"https://{pick(r, LOWER, 9)}.blob.core.windows.net/models?{query}"


def bedrock_short(r):
    query = {
        "Action": "CallWithBearerToken",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"ASIA{pick(r, UPPER + '234567', 16)}%2F20310101%2Fus-east-1%2Fbedrock%2Faws4_request",
        "X-Amz-Date": "20310101T000000Z",
        "X-Amz-Expires": "43200",
        "X-Amz-Signature": pick(r, HEX, 64),
        "X-Amz-SignedHeaders": "host",
        "Version": "1",
    }
    return "bedrock-api-key-" + b64(("bedrock.amazonaws.com/?" + "&".join(f"{k}={v}" for k, v in query.items())).encode())


def bedrock_long(r):
    return "ABSK" + b64(f"BedrockAPIKey-{pick(r, LOWER + DIGITS, 4)}-at-{pick(r, DIGITS, 12)}:{b64(r.randbytes(45))}".encode())


def neptune(r):
    return b64(json.dumps({"api_address": "https://app.neptune.ai", "api_url": "https://app.neptune.ai", "api_key": uuid(r)}, separators=(",", ":")).encode())


def pypi(r):
    inner = {"version": 1, "permissions": "user"}
    identifier = json.dumps([1, [uuid(r)], inner["permissions"]], separators=(",", ":")).encode()
    # Of version 2: location, identifier, one caveat, the signature.
    caveat = b"\x02\x06[0, 1]\x00"
    body = b"\x02\x01\x08pypi.org\x02" + bytes([len(identifier)]) + identifier + b"\x00" + caveat + b"\x00\x06\x20" + r.randbytes(32)
    return "pypi-" + b64url(body)


def docker_auth(r):
    user = pick(r, LOWER, 8)
    return json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": b64(f"{user}:{pick(r, ALNUM, 22)}".encode())}}}, indent=2)


def aws(r):
    key = "AKIA" + pick(r, UPPER + '234567', 16)
    return Secret(pick(r, ALNUM + "/+", 40), [("AWS_ACCESS_KEY_ID", key)])


def kaggle(r):
    return Secret(pick(r, HEX, 32), [("KAGGLE_USERNAME", pick(r, LOWER, 9))])


def modal(r):
    return Secret("as-" + pick(r, ALNUM, 22), [("MODAL_TOKEN_ID", "ak-" + pick(r, ALNUM, 22))])


def clearml(r):
    return Secret(pick(r, ALNUM, 50), [("CLEARML_API_ACCESS_KEY", pick(r, UPPER + DIGITS, 30))])


def github_app(r):
    return f"ghs_{pick(r, DIGITS, 7)}_{jwt(r)}"


def gitlab_routable(r):
    # The length of the payload in base 36, then the CRC32 of all before it.
    token = f"glpat-{pick(r, WORD, 27)}.01.0r"
    crc, tail = zlib.crc32(token.encode()), ""
    for _ in range(7):
        crc, digit = divmod(crc, 36)
        tail = (DIGITS + LOWER)[digit] + tail
    return token + tail


def value(make):
    return lambda r: Secret(make(r))


def of_key(label, make):
    return lambda r: Secret(pem(label, make(r)))


def f(key, env, call, argument, make, kind="token"):
    return Format(key, env, call, argument, make, kind)


FORMATS = [
    # Model hubs and language models.
    f("huggingface-user", "HF_TOKEN", "login", "token", plain("hf_{}", (LETTERS, 34))),
    f("huggingface-org", "HUGGINGFACE_TOKEN", "InferenceClient", "token", plain("api_org_{}", (LETTERS, 34))),
    f("openai-legacy", "OPENAI_API_KEY", "OpenAI", "api_key", plain("sk-{}T3BlbkFJ{}", (ALNUM, 20), (ALNUM, 20))),
    f("openai-project", "OPENAI_API_KEY", "OpenAI", "api_key", plain("sk-proj-{}T3BlbkFJ{}", (WORD, 74), (WORD, 74))),
    f("openai-service", "OPENAI_API_KEY", "AsyncOpenAI", "api_key", plain("sk-svcacct-{}T3BlbkFJ{}", (WORD, 58), (WORD, 58))),
    f("openai-admin", "OPENAI_ADMIN_KEY", "OpenAI", "admin_key", plain("sk-admin-{}T3BlbkFJ{}", (WORD, 58), (WORD, 58))),
    f("anthropic-api", "ANTHROPIC_API_KEY", "Anthropic", "api_key", plain("sk-ant-api03-{}AA", (WORD, 93))),
    f("anthropic-admin", "ANTHROPIC_ADMIN_KEY", "Anthropic", "api_key", plain("sk-ant-admin01-{}AA", (WORD, 93))),
    f("google-api", "GOOGLE_API_KEY", "genai.configure", "api_key", plain("AIzaSy{}", (WORD, 33))),
    f("gemini", "GEMINI_API_KEY", "genai.Client", "api_key", plain("AQ.Ab8RN6{}", (WORD, 44))),
    f("google-oauth", "GOOGLE_ACCESS_TOKEN", "Credentials", "token", plain("ya29.{}", (WORD, 160))),
    f("bedrock-long", "AWS_BEARER_TOKEN_BEDROCK", "bedrock.Client", "api_key", value(bedrock_long)),
    f("bedrock-short", "AWS_BEARER_TOKEN_BEDROCK", "bedrock.Client", "api_key", value(bedrock_short)),
    f("replicate", "REPLICATE_API_TOKEN", "replicate.Client", "api_token", plain("r8_{}", (ALNUM, 37))),
    f("groq", "GROQ_API_KEY", "Groq", "api_key", plain("gsk_{}WGdyb3FY{}", (ALNUM, 20), (ALNUM, 24))),
    f("xai", "XAI_API_KEY", "Client", "api_key", plain("xai-{}", (ALNUM, 80))),
    f("together", "TOGETHER_API_KEY", "Together", "api_key", plain("tgp_v1_{}", (WORD, 43))),
    f("fireworks", "FIREWORKS_API_KEY", "Fireworks", "api_key", plain("fw_{}", (ALNUM, 24))),
    f("perplexity", "PERPLEXITY_API_KEY", "Perplexity", "api_key", plain("pplx-{}", (ALNUM, 48))),
    f("openrouter", "OPENROUTER_API_KEY", "ChatOpenRouter", "api_key", plain("sk-or-v1-{}", (HEX, 64))),
    f("cerebras", "CEREBRAS_API_KEY", "Cerebras", "api_key", plain("csk-{}", (LOWER + DIGITS, 48))),
    f("elevenlabs", "ELEVENLABS_API_KEY", "ElevenLabs", "api_key", plain("sk_{}", (HEX, 48))),
    f("voyage", "VOYAGE_API_KEY", "voyageai.Client", "api_key", plain("pa-{}", (WORD, 43))),
    f("stability", "STABILITY_API_KEY", "StabilityInference", "key", plain("sk-{}", (ALNUM, 48))),
    f("nvidia", "NVIDIA_API_KEY", "ChatNVIDIA", "api_key", plain("nvapi-{}", (WORD, 64))),
    f("runpod", "RUNPOD_API_KEY", "runpod.configure", "api_key", plain("rpa_{}{}", (UPPER + DIGITS, 40), (LOWER + DIGITS, 6))),
    f("deepseek", "DEEPSEEK_API_KEY", "DeepSeek", "api_key", plain("sk-{}", (HEX, 32)), "named"),
    f("cohere", "COHERE_API_KEY", "cohere.Client", "api_key", plain("{}", (ALNUM, 40)), "named"),
    f("mistral", "MISTRAL_API_KEY", "MistralClient", "api_key", plain("{}", (ALNUM, 32)), "named"),
    f("azure-openai", "AZURE_OPENAI_API_KEY", "AzureOpenAI", "api_key", plain("{}", (HEX, 32)), "named"),
    f("together-legacy", "TOGETHER_API_KEY", "Together", "api_key", plain("{}", (HEX, 64)), "named"),
    f("azure-ai", "AZURE_AI_API_KEY", "ChatCompletionsClient", "api_key", plain("{}JQQJ99BCACYeBjFXJ3w3AAABACOG{}", (ALNUM, 52), (ALNUM, 4))),
    # Training, tracking, data.
    f("wandb", "WANDB_API_KEY", "wandb.login", "key", plain("wandb_v1_{}", (ALNUM + "_", 77))),
    f("wandb-legacy", "WANDB_API_KEY", "wandb.login", "key", plain("{}", (HEX, 40)), "named"),
    f("comet", "COMET_API_KEY", "Experiment", "api_key", plain("{}", (ALNUM, 25)), "named"),
    f("neptune", "NEPTUNE_API_TOKEN", "neptune.init_run", "api_token", value(neptune)),
    f("databricks", "DATABRICKS_TOKEN", "WorkspaceClient", "token", plain("dapi{}", (HEX, 32))),
    f("mlflow", "MLFLOW_TRACKING_PASSWORD", "tracking", "password", plain("{}", (ALNUM, 18)), "named"),
    f("kaggle", "KAGGLE_API_TOKEN", "kaggle_login", "token", plain("KGAT_{}", (HEX, 32))),
    f("kaggle-legacy", "KAGGLE_KEY", "kaggle_login", "key", kaggle, "pair"),
    f("roboflow", "ROBOFLOW_API_KEY", "Roboflow", "api_key", plain("{}", (ALNUM, 20)), "named"),
    f("langsmith", "LANGSMITH_API_KEY", "langsmith.Client", "api_key", plain("lsv2_pt_{}_{}", (HEX, 32), (HEX, 10))),
    f("langsmith-service", "LANGCHAIN_API_KEY", "langsmith.Client", "api_key", plain("lsv2_sk_{}_{}", (HEX, 32), (HEX, 10))),
    f("langfuse", "LANGFUSE_SECRET_KEY", "Langfuse", "secret_key", lambda r: Secret("sk-lf-" + uuid(r))),
    f("pinecone", "PINECONE_API_KEY", "Pinecone", "api_key", plain("pcsk_{}_{}", (ALNUM, 6), (ALNUM, 63))),
    f("pinecone-legacy", "PINECONE_API_KEY", "pinecone.init", "api_key", lambda r: Secret(uuid(r)), "named"),
    f("weaviate", "WEAVIATE_API_KEY", "AuthApiKey", "api_key", plain("{}", (ALNUM, 36)), "named"),
    f("qdrant", "QDRANT_API_KEY", "QdrantClient", "api_key", lambda r: Secret(jwt(r, access="m"))),
    f("ngc-legacy", "NGC_API_KEY", "ngc", "api_key", lambda r: Secret(b64(f"{pick(r, LOWER + DIGITS, 26)}:{uuid(r)}".encode())), "named"),
    f("modal", "MODAL_TOKEN_SECRET", "modal.Client", "token_secret", modal, "pair"),
    f("clearml", "CLEARML_API_SECRET_KEY", "Task.set_credentials", "secret", clearml, "pair"),
    f("dagshub", "DAGSHUB_TOKEN", "dagshub.auth.add_app_token", "token", plain("{}", (HEX, 40)), "named"),
    f("vast", "VAST_API_KEY", "VastAI", "api_key", plain("{}", (HEX, 64)), "named"),
    f("datadog", "DD_API_KEY", "initialize", "api_key", plain("{}", (HEX, 32)), "named"),
    # Clouds.
    f("aws", "AWS_SECRET_ACCESS_KEY", "boto3.client", "aws_secret_access_key", aws, "pair"),
    f("azure-storage", "AZURE_STORAGE_CONNECTION_STRING", "BlobServiceClient.from_connection_string", "conn_str", value(azure_connection)),
    f("azure-storage-key", "AZURE_STORAGE_KEY", "BlobServiceClient", "account_key", lambda r: Secret(b64(r.randbytes(64))), "named"),
    f("azure-sas", "MODEL_URL", "download_blob", "url", value(azure_sas)),
    f("entra", "AZURE_CLIENT_SECRET", "ClientSecretCredential", "client_secret", plain("{}8Q~{}", (ALNUM, 3), (WORD + ".", 34))),
    f("azure-registry", "ACR_PASSWORD", "docker_login", "password", plain("{}+ACR{}", (ALNUM, 42), (ALNUM, 6))),
    f("cosmos", "COSMOS_KEY", "CosmosClient", "credential", plain("{}ACDb{}==", (ALNUM, 76), (ALNUM, 6))),
    f("gcp-service-account", "", "", "", value(service_account), "file"),
    f("gcp-default", "", "", "", value(application_default), "file"),
    # Packages, code, messages.
    f("github-classic", "GITHUB_TOKEN", "Github", "token", checked("ghp_")),
    f("github-oauth", "GITHUB_TOKEN", "Github", "token", checked("gho_")),
    f("github-install", "GH_TOKEN", "Github", "token", checked("ghs_")),
    f("github-install-jwt", "GH_TOKEN", "Github", "token", value(github_app)),
    f("github-fine", "GITHUB_TOKEN", "Github", "token", plain("github_pat_{}_{}", (ALNUM, 22), (ALNUM, 59))),
    f("gitlab", "GITLAB_TOKEN", "gitlab.Gitlab", "private_token", plain("glpat-{}", (WORD, 20))),
    f("gitlab-routable", "GITLAB_TOKEN", "gitlab.Gitlab", "private_token", value(gitlab_routable)),
    f("pypi", "TWINE_PASSWORD", "upload", "password", value(pypi)),
    f("npm", "NPM_TOKEN", "publish", "token", checked("npm_")),
    f("docker-hub", "DOCKERHUB_TOKEN", "client.login", "password", plain("dckr_pat_{}", (WORD, 27))),
    f("docker-org", "DOCKERHUB_TOKEN", "client.login", "password", plain("dckr_oat_{}", (WORD, 32))),
    f("docker-config", "", "", "", value(docker_auth), "file"),
    f("slack", "SLACK_BOT_TOKEN", "WebClient", "token", plain("xoxb-{}-{}-{}", (DIGITS, 12), (DIGITS, 13), (ALNUM, 24))),
    f("slack-hook", "SLACK_WEBHOOK", "notify", "url", plain("https://hooks.slack.com/services/T{}/B{}/{}", *((UPPER + DIGITS, 10),) * 2, (ALNUM, 24))),
    f("telegram", "TELEGRAM_BOT_TOKEN", "Bot", "token", plain("{}:AA{}", (DIGITS, 10), (WORD, 33))),
    f("stripe", "STRIPE_API_KEY", "StripeClient", "api_key", plain("sk_live_{}", (ALNUM, 24))),
    f("stripe-restricted", "STRIPE_API_KEY", "StripeClient", "api_key", plain("rk_live_{}", (ALNUM, 99))),
    f("ngrok", "NGROK_AUTHTOKEN", "ngrok.set_auth_token", "token", plain("2{}_{}", (ALNUM, 26), (ALNUM, 21))),
    # Forms that no vendor owns.
    f("jwt", "SERVICE_TOKEN", "connect", "token", lambda r: Secret(jwt(r))),
    f("database-url", "DATABASE_URL", "create_engine", "url", plain("postgresql://{}:{}@db.{}.io:5432/features", (LOWER, 7), (ALNUM, 16), (LOWER, 8))),
    f("basic-auth-url", "INDEX_URL", "fetch", "url", plain("https://{}:{}@models.{}.io/simple", (LOWER, 7), (ALNUM, 20), (LOWER, 8))),
    f("rsa-pkcs1", "", "", "", of_key("RSA PRIVATE KEY", pkcs1_rsa), "pem"),
    f("rsa-pkcs8", "", "", "", of_key("PRIVATE KEY", pkcs8_rsa), "pem"),
    f("ec-sec1", "", "", "", of_key("EC PRIVATE KEY", sec1_ec), "pem"),
    f("openssh", "", "", "", of_key("OPENSSH PRIVATE KEY", openssh_ed25519), "pem"),
]
BY_KEY = {form.key: form for form in FORMATS}
