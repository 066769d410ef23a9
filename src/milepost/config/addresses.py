"""Addresses of what Milepost stands on (files, mail, a queue, counts), as the library of each wants to have them."""

from pathlib import Path
from urllib.parse import parse_qs, unquote

from milepost.config.variables import Misconfigured, Variables, needs, parts_of

_POSTGRESQL = {"postgres", "postgresql"}
_NO = {"0", "no"}
MAIL_PATIENCE = 30  # seconds for one message, and for opening a connection


def database(variables: Variables, data: Path) -> str:
    """The database, by default one in the data folder, as dj-database-url reads it."""
    name = "MILEPOST_DATABASE_URL"
    url = variables.text(name, f"sqlite:///{data / 'milepost.sqlite3'}")
    if not url.startswith("sqlite:"):
        use = "use sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME."
        parts_of(url, name, schemes=_POSTGRESQL, use=use)
    return url


def mail(variables: Variables) -> dict[str, object] | None:
    """The options of Django's SMTP backend, or None where no server is set."""
    name = "MILEPOST_MAIL_URL"
    url = variables.text(name)
    if not url:
        return None
    use = "use smtp://USER:PASSWORD@HOST:587?starttls=1 or smtps://USER:PASSWORD@HOST:465 (with patience=SECONDS for a message)."
    parts = parts_of(url, name, schemes={"smtp", "smtps"}, use=use)
    is_tls, query = parts.scheme == "smtps", {key: values[0] for key, values in parse_qs(parts.query).items()}
    patience = query.get("patience", str(MAIL_PATIENCE))
    if not (patience.isascii() and patience.isdigit() and int(patience)):
        raise Misconfigured(f"{name}: {use}")
    return {
        "host": parts.hostname,
        "port": parts.port or (465 if is_tls else 25),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": is_tls,
        "use_tls": not is_tls and query.get("starttls", "0") not in _NO,
        "timeout": 20,
        "patience": float(patience),
    }


def queue(variables: Variables) -> str:
    """The PostgreSQL that brings word of jobs, or nothing."""
    name = "MILEPOST_QUEUE"
    if url := variables.text(name):
        use = "use postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out."
        parts_of(url, name, schemes=_POSTGRESQL, use=use)
        needs(name, "procrastinate", extra="queue", purpose="a queue that brings word of jobs")
    return url


def witnesses(variables: Variables) -> list[tuple[str, str]]:
    """The keys of witnesses, and where they are asked, as a line of a C2SP tlog-policy has them side by side."""
    name, found = "MILEPOST_WITNESSES", []
    for words in variables.words(name):
        key, _space, url = words.partition(" ")
        use = f"{words!r} is no key of a witness (Ed25519, type 4) and its address after a space, with commas between witnesses."
        parts_of(url.strip(), name, schemes={"http", "https"}, use=use)
        if not _is_key(key, of_log=False):
            raise Misconfigured(f"{name}: {use}")
        found.append((key, url.strip().rstrip("/")))
    return found


def witnessed_logs(variables: Variables) -> list[str]:
    """The keys of logs of others that this installation cosigns; the name of each is the origin of its checkpoints."""
    name = "MILEPOST_WITNESSED_LOGS"
    for key in variables.words(name):
        if not _is_key(key, of_log=True):
            raise Misconfigured(f"{name}: {key!r} is no key of a log (Ed25519, type 1), as its owner publishes it.")
    return variables.words(name)


def _is_key(text: str, *, of_log: bool) -> bool:
    from milepost.journal import notes  # brings OpenSSL, which few starts need

    try:
        return notes.VerifierKey.parse(text).type == (notes.NOTE if of_log else notes.COSIGNATURE)
    except notes.NotANote:
        return False


def clamd(variables: Variables) -> str | tuple[str, int]:
    """Where ClamAV's daemon listens: a socket's path, or host and port; nothing where no scanner is set."""
    name = "MILEPOST_CLAMD"
    place = variables.text(name)
    if not place or place.startswith("/"):
        return place
    use = "use the path of its socket, like /run/clamav/clamd.ctl, or HOST:PORT; or leave it out."
    parts = parts_of(f"tcp://{place}", name, schemes={"tcp"}, use=use)
    if not parts.port or parts.path:
        raise Misconfigured(f"{name}: {use}")
    return (str(parts.hostname), parts.port)


def limits(variables: Variables) -> str:
    """Where tries are counted, as the limits library names a store."""
    name = "MILEPOST_LIMITS_URL"
    if url := variables.text(name):
        use = "use redis://HOST:6379/0 (Redis or Valkey), or leave it out."
        parts_of(url, name, schemes={"redis", "rediss"}, use=use)
        needs(name, "redis", extra="redis", purpose="counting in Redis or Valkey")
    return url or "database://"


def traces(variables: Variables) -> str:
    """The collector of traces, or nothing."""
    name = "MILEPOST_TRACES_URL"
    url = variables.web_address(name, "a collector that takes OTLP over HTTP, like http://localhost:4318")
    if url:
        needs(name, "opentelemetry", extra="traces", purpose="sending traces")
    return url


def files(variables: Variables, data: Path) -> dict[str, object]:
    """Where uploaded and sealed files lie, as Django names a storage: a folder, or a bucket of an S3-compatible store."""
    place = variables.text("MILEPOST_FILES")
    if place.startswith("s3:"):
        return _bucket(place)
    folder = Path(place).expanduser().resolve() if place else data / "files"
    return {"BACKEND": "milepost.core.blobs.folder.Folder", "OPTIONS": {"location": str(folder)}}


def _bucket(url: str) -> dict[str, object]:
    name, use = (
        "MILEPOST_FILES",
        (
            "use a folder, or s3://KEY:SECRET@HOST/BUCKET?region=REGION (“&tls=no” for a store that speaks"
            " plain HTTP; without KEY and SECRET the machine’s own role is used)."
        ),
    )
    parts = parts_of(url, name, schemes={"s3"}, use=use)
    bucket, _slash, prefix = parts.path.strip("/").partition("/")
    if not bucket or bool(parts.username) != bool(parts.password):
        raise Misconfigured(f"{name}: {use}")
    needs(name, "storages", "boto3", extra="s3", purpose="a store that is S3-compatible")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    scheme, port = "http" if query.get("tls") in _NO else "https", f":{parts.port}" if parts.port else ""
    options = {
        "access_key": unquote(parts.username) if parts.username else None,
        "secret_key": unquote(parts.password) if parts.password else None,
        "endpoint_url": f"{scheme}://{parts.hostname}{port}",
        "region_name": query.get("region"),
        "bucket_name": bucket,
        "location": prefix,
        # The same name is the same file; nobody gets at one but through Milepost.
        "file_overwrite": True,
        "default_acl": None,
        "querystring_auth": True,
    }
    return {"BACKEND": "milepost.core.blobs.s3.Bucket", "OPTIONS": options}
