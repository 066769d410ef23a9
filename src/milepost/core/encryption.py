"""Secrets that must be read again, encrypted where they lie: a copy of the database alone opens nothing.

    seed = EncryptedField(default=new_seed)             # a column; in Python it is the text itself
    kept = encrypted(text, "mfa.totp")                  # where somebody else's table keeps it
    text = decrypted(kept, "mfa.totp")

AES-256 in GCM (NIST SP 800-38D) with a random nonce; what it is for is authenticated with it, so that a value moved into another
column does not open. The key comes from the server's secret (HKDF, RFC 5869), which lies in no database; which one it was is named
by four bytes. Values under an earlier secret open as long as it is among the fallbacks, and `milepost key rotate-secret` puts all
of them under the one of now (`keep_under_current_secret`), a part at a time: killed half-way, it goes on.

What need not be read again (passwords, one-time codes, keys of programs) is hashed instead. `tests/test_secrets.py` holds every
column whose name says that it keeps a secret to one of the two.
"""

import base64
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.registry import Registry

MARK = "enc1."  # before what is encrypted in this way
_NONCE, _NAME = 12, 4  # bytes
PART = 500  # rows that one transaction puts under the new secret


class Locked(Refused):
    """A kept secret does not open with this server's secret."""

    sentence = gettext_lazy(
        "A secret that is kept here does not open with this MILEPOST_SECRET_KEY. Set the one that it was kept under, or name it"
        " in MILEPOST_SECRET_KEY_FALLBACKS."
    )
    status = 503


keepers: Registry[Callable[[], int]] = Registry("keeper of secrets in tables of others")
"""What puts secrets in tables of other packages under the secret of now; each returns how many it changed."""


def encrypted(text: str, use: str) -> str:
    """The text, encrypted for this use under the secret of now."""
    name, key = _key(settings.SECRET_KEY)
    nonce = os.urandom(_NONCE)
    return MARK + base64.urlsafe_b64encode(name + nonce + key.encrypt(nonce, text.encode(), use.encode())).decode()


def decrypted(kept: str, use: str) -> str:
    """What `encrypted` was given; what was kept before anything was encrypted is as it is. Raises `Locked`."""
    if not kept.startswith(MARK):
        return kept
    try:
        content = base64.urlsafe_b64decode(kept.removeprefix(MARK))
    except ValueError:
        raise Locked from None
    name, nonce, sealed = content[:_NAME], content[_NAME : _NAME + _NONCE], content[_NAME + _NONCE :]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        its_name, key = _key(secret)
        if its_name == name:
            try:
                return key.decrypt(nonce, sealed, use.encode()).decode()
            except InvalidTag:
                continue
    raise Locked


def is_current(kept: str) -> bool:
    """Whether it is encrypted under the secret of now."""
    start = (
        MARK + base64.urlsafe_b64encode(_key(settings.SECRET_KEY)[0]).decode()[: _NAME * 8 // 6]
    )  # whole digits of the name
    return kept.startswith(start)


@lru_cache(maxsize=8)
def _key(secret: str) -> tuple[bytes, AESGCM]:
    derived = HKDF(hashes.SHA256(), 32 + _NAME, salt=None, info=b"milepost secrets at rest").derive(secret.encode())
    return derived[:_NAME], AESGCM(derived[_NAME:])


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """A text that is encrypted in the database. Nothing can be found by it. An empty one stays empty."""

    def from_db_value(self, value: str | None, *_rest: Any) -> str | None:
        return decrypted(value, self.use) if value else value

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        is_text = isinstance(value, str) and bool(value)
        return super().get_db_prep_save(encrypted(value, self.use) if is_text else value, connection)

    @property
    def use(self) -> str:
        """What its values are encrypted for."""
        return f"{self.model._meta.label_lower}.{self.name}"


def keep_under_current_secret() -> int:
    """Put every kept secret under the secret of now; return how many there were. Running it again finishes what was begun."""
    own = sum(_renew(model, field) for model in apps.get_models() for field in encrypted_fields(model))
    return own + sum(keep() for keep in keepers.all())


def encrypted_fields(model: type[models.Model]) -> list[EncryptedField]:
    """The model's encrypted columns."""
    return [field for field in model._meta.local_fields if isinstance(field, EncryptedField)]


def a_part_at_a_time[Row: models.Model](rows: "models.QuerySet[Row]", renew: Callable[[Sequence[Row]], int]) -> int:
    """Have all of these rows renewed, each part under its lock in a transaction of its own; return the sum of what `renew` answers."""
    count, last = 0, None
    while True:
        following = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        with transaction.atomic():
            part = list(following.select_for_update(no_key=True)[:PART])
            count += renew(part)
        if not part:
            return count
        last = part[-1].pk


def _renew(model: type[models.Model], field: EncryptedField) -> int:
    def renew(part: Sequence[models.Model]) -> int:
        raw = dict(_as_kept(model, field, [row.pk for row in part]))
        old = [row for row in part if raw[row.pk] and not is_current(raw[row.pk])]
        model._default_manager.bulk_update(old, [field.name])
        return len(old)

    return a_part_at_a_time(model._default_manager.only("pk", field.name), renew)


def _as_kept(model: type[models.Model], field: EncryptedField, keys: list[Any]) -> Any:
    """The rows' values as they lie in the database."""
    column = Cast(field.name, models.TextField())
    return model._default_manager.filter(pk__in=keys).annotate(kept=column).values_list("pk", "kept")
