"""What the operator says through `MILEPOST_*` variables, checked once at start.

Every complaint names the variable and says what to set.
"""

import os
import secrets
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from milepost.core.refusals import Refused

SECRET_FILE, EARLIER_FILE = (
    "secret-key",
    "earlier-secret-keys",
)  # in the data folder, where no variable gives the secret


class Misconfigured(Refused):
    """A setting is missing or can't be used; the message names the variable and what it should hold."""


@dataclass(frozen=True)
class Environment:
    """The checked settings."""

    data: Path
    database_url: str
    secret_key: str
    earlier_secrets: list[str]
    base_url: str
    mail: dict[str, object] | None
    mail_from: str
    trusted_proxies: int
    limits_url: str  # where tries are counted, as the limits library names a store
    timestamp_url: str
    pkcs11: tuple[str, str]  # the library that speaks to the token, and its PIN
    jitsi: tuple[str, str, str]  # address, application, its secret; the last two where tokens are asked for
    bigbluebutton: tuple[str, str]  # address, shared secret
    queue: str  # a PostgreSQL that brings word of jobs
    files: dict[str, object]  # where uploaded and sealed files lie, as Django names a storage
    debug: bool

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")

    @property
    def is_local(self) -> bool:
        """Whether people reach this server only from the machine that it runs on."""
        return self.host in {"localhost", "127.0.0.1", "::1"}


def read(variables: dict[str, str] | None = None) -> Environment:
    """Read and check the variables (by default those of the process). Raises `Misconfigured`."""
    given = dict(os.environ) if variables is None else variables
    data = Path(given.get("MILEPOST_DATA") or "data").expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Misconfigured(
            f"MILEPOST_DATA: {data} can't be made ({error.strerror}). Set it to a folder that this user may write to."
        ) from error
    database_url = given.get("MILEPOST_DATABASE_URL") or f"sqlite:///{data / 'milepost.sqlite3'}"
    if urlsplit(database_url).scheme not in {"sqlite", "postgres", "postgresql"}:
        raise Misconfigured("MILEPOST_DATABASE_URL: use sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME.")
    base_url = (given.get("MILEPOST_BASE_URL") or "http://localhost:8000").rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise Misconfigured(
            f"MILEPOST_BASE_URL: {base_url!r} is not an address like https://learn.example.org (no path after it)."
        )
    mail = _mail(given.get("MILEPOST_MAIL_URL", ""))
    return Environment(
        data=data,
        database_url=database_url,
        secret_key=_secret_key(given, data),
        earlier_secrets=_earlier_secrets(given, data),
        base_url=base_url,
        mail=mail,
        mail_from=given.get("MILEPOST_MAIL_FROM") or f"Milepost <no-reply@{parts.hostname}>",
        limits_url=_limits(given.get("MILEPOST_LIMITS_URL", "")),
        trusted_proxies=_number(given, "MILEPOST_TRUSTED_PROXIES", 0),
        timestamp_url=_address(
            given, "MILEPOST_TIMESTAMP_URL", "an RFC 3161 authority, like https://tsa.example.org/tsr"
        ),
        pkcs11=(given.get("MILEPOST_PKCS11_MODULE", ""), given.get("MILEPOST_PKCS11_PIN", "")),
        jitsi=(
            _address(given, "MILEPOST_JITSI_URL", "a Jitsi server, like https://meet.example.org"),
            *_both(given, "MILEPOST_JITSI_APP_ID", "MILEPOST_JITSI_APP_SECRET"),
        ),
        bigbluebutton=(
            _address(given, "MILEPOST_BIGBLUEBUTTON_URL", "a server, like https://bbb.example.org/bigbluebutton"),
            given.get("MILEPOST_BIGBLUEBUTTON_SECRET", ""),
        ),
        queue=_queue(given.get("MILEPOST_QUEUE", "")),
        files=_files(given.get("MILEPOST_FILES", ""), data),
        debug=given.get("MILEPOST_DEBUG", "") in {"1", "true", "yes"},
    )


def _secret_key(given: dict[str, str], data: Path) -> str:
    if key := given.get("MILEPOST_SECRET_KEY"):
        if len(key) < 32:
            raise Misconfigured(
                "MILEPOST_SECRET_KEY: at least 32 characters, for example from "
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(50))'`."
            )
        return key
    if given.get("MILEPOST_DATABASE_URL", "").startswith("postgres"):
        # Several hosts share one PostgreSQL: a key that each made for itself would sign people out at random.
        raise Misconfigured(
            "MILEPOST_SECRET_KEY: set it when MILEPOST_DATABASE_URL is set, the same on every host, for example from "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(50))'`."
        )
    kept = data / SECRET_FILE
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return kept.read_text().strip()


def _earlier_secrets(given: dict[str, str], data: Path) -> list[str]:
    if "MILEPOST_SECRET_KEY_FALLBACKS" in given or given.get("MILEPOST_SECRET_KEY"):
        return [
            secret.strip() for secret in given.get("MILEPOST_SECRET_KEY_FALLBACKS", "").split(",") if secret.strip()
        ]
    kept = data / EARLIER_FILE
    return kept.read_text().split() if kept.exists() else []


def renew_secret(data: Path) -> None:
    """Put a new secret into the data folder; the one there was is the first of the earlier ones from then on.

    Killed in the middle, the secret of before is still in place, and named among the earlier ones once too often.
    """
    current, earlier = data / SECRET_FILE, data / EARLIER_FILE
    before = [current.read_text().strip(), *(earlier.read_text().split() if earlier.exists() else [])]
    _replace(earlier, "\n".join(dict.fromkeys(before)) + "\n")
    _replace(current, secrets.token_urlsafe(50))


def _replace(path: Path, text: str) -> None:
    written = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)


def _mail(url: str) -> dict[str, object] | None:
    if not url:
        return None
    parts: SplitResult = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Misconfigured(
            "MILEPOST_MAIL_URL: use smtp://USER:PASSWORD@HOST:587?starttls=1 or smtps://USER:PASSWORD@HOST:465."
        )
    return {
        "host": parts.hostname,
        "port": parts.port or (465 if parts.scheme == "smtps" else 25),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": parts.scheme == "smtps",
        "use_tls": parts.scheme == "smtp" and parse_qs(parts.query).get("starttls", ["0"])[0] not in {"0", "no"},
        "timeout": 20,
    }


def _queue(url: str) -> str:
    if not url:
        return ""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise Misconfigured("MILEPOST_QUEUE: use postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out.")
    if find_spec("procrastinate") is None:
        raise Misconfigured("MILEPOST_QUEUE: it needs one more package: pip install 'milepost[queue]'.")
    return url


def _files(told: str, data: Path) -> dict[str, object]:
    if not told.startswith("s3:"):
        folder = Path(told).expanduser().resolve() if told else data / "files"
        return {"BACKEND": "milepost.core.blobs.folder.Folder", "OPTIONS": {"location": str(folder)}}
    parts = urlsplit(told)
    bucket, _slash, prefix = parts.path.strip("/").partition("/")
    if not parts.hostname or not bucket or bool(parts.username) != bool(parts.password):
        raise Misconfigured(
            "MILEPOST_FILES: use a folder, or s3://KEY:SECRET@HOST/BUCKET?region=REGION (“&tls=no” for a store that speaks"
            " plain HTTP; without KEY and SECRET the machine’s own role is used)."
        )
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise Misconfigured("MILEPOST_FILES: files in an S3-compatible store need `pip install 'milepost[s3]'`.")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    scheme = "http" if query.get("tls") in {"0", "no"} else "https"
    options = {
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
        "endpoint_url": f"{scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}",
        "region_name": query.get("region"),
        "bucket_name": bucket,
        "location": prefix,
    }
    # The same name is the same file; nobody gets at one but through Milepost.
    return {
        "BACKEND": "milepost.core.blobs.s3.Bucket",
        "OPTIONS": options | {"file_overwrite": True, "default_acl": None, "querystring_auth": True},
    }


def _limits(url: str) -> str:
    if url and urlsplit(url).scheme not in {"redis", "rediss"}:
        raise Misconfigured("MILEPOST_LIMITS_URL: use redis://HOST:6379/0 (Redis or Valkey), or leave it out.")
    if url and find_spec("redis") is None:
        raise Misconfigured("MILEPOST_LIMITS_URL: counting in Redis or Valkey needs `pip install 'milepost[redis]'`.")
    return url or "database://"


def _address(given: dict[str, str], name: str, meant: str) -> str:
    url = given.get(name, "").rstrip("/")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise Misconfigured(f"{name}: the address of {meant}; or leave it out.")
    return url


def _both(given: dict[str, str], first: str, second: str) -> tuple[str, str]:
    if bool(given.get(first)) != bool(given.get(second)):
        raise Misconfigured(f"{first} and {second}: set both, or neither.")
    return given.get(first, ""), given.get(second, "")


def _number(given: dict[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdigit():
        raise Misconfigured(f"{name}: {text!r} is not a whole number.")
    return int(text)
