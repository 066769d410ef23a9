"""What the operator says through `MILEPOST_*` variables, read by type and checked once at start.

    ENVIRONMENT = environment.read()        # in settings.py; ENVIRONMENT.mail_from, ENVIRONMENT.files …

Every complaint names the variable and says what to set; docs/operating.md tells all of them, which a test holds. A new
one is a field of `Environment`, a line in `read` and a row there. How addresses are turned into what libraries want
stands in `addresses.py`, where the secret lies in `secret.py`.
"""

import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from milepost.config import addresses, secret
from milepost.config.variables import Misconfigured, Variables, parts_of

QUOTAS = ("people", "storage", "mails", "jobs", "exports", "uploads")
LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Environment:
    """The checked settings."""

    data: Path
    database_url: str
    database_patience: int  # seconds that a page waits for one statement
    secret_key: str
    earlier_secrets: list[str]
    base_url: str
    mail: dict[str, object] | None
    mail_from: str
    trusted_proxies: int
    hsts: str  # whom browsers reach over HTTPS alone: "host", "subdomains" too, or "preload"ed in browsers
    clamd: str | tuple[str, int]  # the socket or the address of a virus scanner; empty without one
    security_contacts: list[str]  # URIs: whom to tell of a weakness
    limits_url: str  # where tries are counted, as the limits library names a store
    timestamp_url: str
    timestamp_rest: int  # seconds
    witnesses: list[tuple[str, str]]  # of the journals: their keys, and where they are asked
    witnessed_logs: list[str]  # keys of logs of others, whose witness this installation is
    inner_networks: list[str]  # of this installation's own, to which organisations may have something sent
    pkcs11_module: str  # the library that speaks to the token
    pkcs11_pin: str
    csc_url: str
    csc_token_url: str
    csc_client_id: str
    csc_client_secret: str
    csc_pin: str
    jitsi_url: str
    jitsi_app_id: str  # where the server asks for tokens
    jitsi_app_secret: str
    bigbluebutton_url: str
    bigbluebutton_secret: str
    queue: str  # a PostgreSQL that brings word of jobs
    files: dict[str, object]  # where uploaded and sealed files lie, as Django names a storage
    log: str  # the form of its lines: "text" or "json"
    quotas: dict[tuple[str, str], int]  # by the slug of an organisation ("": of each) and what is bounded
    security_log: bool  # whether security events stand on standard output as well
    monitoring_token: str  # whoever has it may read measures
    monitoring_networks: list[str]  # from which they may be read without
    traces_url: str  # a collector of traces
    debug: bool
    session: tuple[timedelta, timedelta]  # how long it lasts unused, and at most
    role_session: tuple[timedelta, timedelta]  # the same of whoever holds a role

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def warnings(self) -> list[str]:
        """What can be used and is hardly meant: said at the start, which it does not stop."""
        found = []
        if self.is_https and not self.trusted_proxies:
            found.append(
                "MILEPOST_BASE_URL is https, so a proxy stands in front, and MILEPOST_TRUSTED_PROXIES counts none: everybody’s tries are counted"
                " as one person’s, and HSTS is not sent. Set it to 1."
            )
        if not self.is_https and not self.is_local:
            found.append(
                f"MILEPOST_BASE_URL is {self.base_url}: passwords and sessions go over the network for everybody to read. Put a proxy with TLS in"
                " front (docs/nginx.conf) and set it to https://…."
            )
        return found

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")

    @property
    def is_local(self) -> bool:
        """Whether people reach this server only from the machine that it runs on."""
        return self.host in LOCAL


def read(given: Mapping[str, str] | None = None) -> Environment:
    """Read and check the variables (by default those of the process). Raises `Misconfigured`."""
    variables = Variables() if given is None else Variables(given)
    data = _data(variables)
    base_url = _base_url(variables)
    variables.all_or_none("MILEPOST_CSC_URL", "MILEPOST_CSC_CLIENT_ID", "MILEPOST_CSC_CLIENT_SECRET")
    variables.all_or_none("MILEPOST_JITSI_APP_ID", "MILEPOST_JITSI_APP_SECRET")
    variables.all_or_none("MILEPOST_BIGBLUEBUTTON_URL", "MILEPOST_BIGBLUEBUTTON_SECRET")
    return Environment(
        data=data,
        database_url=addresses.database(variables, data),
        database_patience=variables.number("MILEPOST_DATABASE_PATIENCE", 20),
        secret_key=secret.secret(variables, data),
        earlier_secrets=secret.earlier_secrets(variables, data),
        base_url=base_url,
        mail=addresses.mail(variables),
        mail_from=variables.text("MILEPOST_MAIL_FROM", f"Milepost <no-reply@{urlsplit(base_url).hostname}>"),
        trusted_proxies=variables.number("MILEPOST_TRUSTED_PROXIES", 0),
        hsts=variables.choice("MILEPOST_HSTS", "host", "subdomains", "preload"),
        clamd=addresses.clamd(variables),
        security_contacts=_security_contacts(variables),
        limits_url=addresses.limits(variables),
        timestamp_url=variables.web_address(
            "MILEPOST_TIMESTAMP_URL", "an RFC 3161 authority, like https://tsa.example.org/tsr"
        ),
        timestamp_rest=variables.number("MILEPOST_TIMESTAMP_REST", 60),
        witnesses=addresses.witnesses(variables),
        witnessed_logs=addresses.witnessed_logs(variables),
        inner_networks=_networks(variables, "MILEPOST_INNER_NETWORKS"),
        pkcs11_module=variables.text("MILEPOST_PKCS11_MODULE"),
        pkcs11_pin=variables.text("MILEPOST_PKCS11_PIN"),
        csc_url=variables.web_address(
            "MILEPOST_CSC_URL", "a provider of remote signing, like https://sign.example.org/csc/v2"
        ),
        csc_token_url=variables.web_address(
            "MILEPOST_CSC_TOKEN_URL", "an address, like https://sign.example.org/oauth2/token"
        ),
        csc_client_id=variables.text("MILEPOST_CSC_CLIENT_ID"),
        csc_client_secret=variables.text("MILEPOST_CSC_CLIENT_SECRET"),
        csc_pin=variables.text("MILEPOST_CSC_PIN"),
        jitsi_url=variables.web_address("MILEPOST_JITSI_URL", "a Jitsi server, like https://meet.example.org"),
        jitsi_app_id=variables.text("MILEPOST_JITSI_APP_ID"),
        jitsi_app_secret=variables.text("MILEPOST_JITSI_APP_SECRET"),
        bigbluebutton_url=variables.web_address(
            "MILEPOST_BIGBLUEBUTTON_URL", "a server, like https://bbb.example.org/bigbluebutton"
        ),
        bigbluebutton_secret=variables.text("MILEPOST_BIGBLUEBUTTON_SECRET"),
        queue=addresses.queue(variables),
        files=addresses.files(variables, data),
        log=variables.choice("MILEPOST_LOG", "text", "json"),
        quotas=_quotas(variables),
        security_log=variables.flag("MILEPOST_SECURITY_LOG"),
        monitoring_token=_monitoring_token(variables),
        monitoring_networks=_monitoring_networks(variables, base_url),
        traces_url=addresses.traces(variables),
        debug=variables.flag("MILEPOST_DEBUG"),
        session=_ends(variables, ("MILEPOST_SESSION_IDLE", "14d"), ("MILEPOST_SESSION_AT_MOST", "30d")),
        role_session=_ends(variables, ("MILEPOST_ROLE_SESSION_IDLE", "4h"), ("MILEPOST_ROLE_SESSION_AT_MOST", "24h")),
    )


def _data(variables: Variables) -> Path:
    data = Path(variables.text("MILEPOST_DATA", "data")).expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        _close_to_others(data)
    except OSError as error:
        raise Misconfigured(
            f"MILEPOST_DATA: {data} can't be made ({error.strerror}). Set it to a folder that this user may write to."
        ) from error
    return data


def _close_to_others(data: Path) -> None:
    """Nobody else reads the database in a folder that was made by hand, or by an installer; one of another user is left as it is."""
    mode = data.stat().st_mode
    if mode & stat.S_IRWXO:
        with suppress(PermissionError):
            data.chmod(stat.S_IMODE(mode) & ~stat.S_IRWXO)


def _ends(variables: Variables, idle: tuple[str, str], at_most: tuple[str, str]) -> tuple[timedelta, timedelta]:
    """When sessions end, by two variables and what holds without them."""
    unused, whole = variables.duration(*idle), variables.duration(*at_most)
    if unused > whole:
        raise Misconfigured(f"{idle[0]} is longer than {at_most[0]}. Set a shorter one, or a longer {at_most[0]}.")
    return unused, whole


def _security_contacts(variables: Variables) -> list[str]:
    """URIs, as RFC 9116 wants them; a plain e-mail address will do."""
    name = "MILEPOST_SECURITY_CONTACT"
    contacts = [f"mailto:{word}" if "@" in word and ":" not in word else word for word in variables.words(name)]
    for contact in contacts:
        if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+|https://[^/\s]+(/\S*)?|tel:\+[\d.-]+", contact):
            raise Misconfigured(
                f"{name}: {contact!r} is no contact like security@example.org, https://example.org/security or tel:+33-1-23-45-67-89."
            )
    return contacts


def _quotas(variables: Variables) -> dict[tuple[str, str], int]:
    """`people=500` bounds each organisation, `briar/people=5000` the one at /briar/; `storage` is in gigabytes."""
    name, quotas = "MILEPOST_QUOTAS", {}
    for word in variables.words(name):
        match = re.fullmatch(r"(?:([a-z0-9-]{1,50})/)?([a-z]+)=([0-9]{1,12})", word)
        if match is None or match[2] not in QUOTAS:
            raise Misconfigured(
                f"{name}: {word!r} is none. Write people=500 for each organisation or briar/people=5000 for one, with commas between;"
                f" what can be bounded is {', '.join(QUOTAS)} (storage in gigabytes)."
            )
        quotas[match[1] or "", match[2]] = int(match[3]) * (1024**3 if match[2] == "storage" else 1)
    return quotas


def _monitoring_token(variables: Variables) -> str:
    name = "MILEPOST_MONITORING_TOKEN"
    token = variables.text(name)
    if token and len(token) < 16:
        raise Misconfigured(f"{name}: at least 16 characters, or leave it out.")
    return token


def _monitoring_networks(variables: Variables, base_url: str) -> list[str]:
    """Without a word from the operator: this machine, while nobody else uses the installation."""
    is_local = urlsplit(base_url).hostname in LOCAL
    return _networks(variables, "MILEPOST_MONITORING_NETWORKS") or (["127.0.0.0/8", "::1/128"] if is_local else [])


def _networks(variables: Variables, name: str) -> list[str]:
    networks = variables.words(name)
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise Misconfigured(
                f"{name}: {network!r} is no network like 10.0.0.0/8 or address like 10.1.2.3."
            ) from None
    return networks


def _base_url(variables: Variables) -> str:
    url = variables.text("MILEPOST_BASE_URL", "http://localhost:8000").rstrip("/")
    use = f"{url!r} is not an address like https://learn.example.org (no path after it)."
    if parts_of(url, "MILEPOST_BASE_URL", schemes={"http", "https"}, use=use).path:
        raise Misconfigured(f"MILEPOST_BASE_URL: {use}")
    return url
