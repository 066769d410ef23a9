"""Seeds of TOTP and recovery codes, encrypted where allauth keeps them (`core.encryption`): a copy of the database makes no code."""

from collections.abc import Sequence
from typing import Any, ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy

from milepost.core.encryption import a_part_at_a_time, decrypted, encrypted, is_current

USE = "mfa.authenticator"
_SECRETS = ("secret", "seed", "migrated_codes")  # the keys of `data` that allauth gives to `encrypt`


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What differs from allauth's own ways: nothing that makes a code lies there in the clear, and a wrong one is told what to do."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "This is not the code. The app shows another one every 30 seconds: type what it shows now, and have the telephone set its"
            " clock by itself."
        ),
    }

    def encrypt(self, text: str) -> str:
        return encrypted(text, USE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypted(encrypted_text, USE)


def keep_under_current_secret() -> int:
    """Encrypt each seed anew that is not under the secret of now, in the clear even; return how many authenticators changed."""
    return a_part_at_a_time(Authenticator.objects.all(), _renew)


def _renew(part: Sequence[Authenticator]) -> int:
    changed = [row for row in part if _renewed(row)]
    Authenticator.objects.bulk_update(changed, ["data"])
    return len(changed)


def _renewed(row: Authenticator) -> bool:
    old = {name: row.data[name] for name in _SECRETS if row.data.get(name)}
    new = {name: _all(value) for name, value in old.items()}
    row.data |= new
    return new != old


def _all(value: str | list[str]) -> str | list[str]:
    if isinstance(value, list):
        return [str(_all(each)) for each in value]
    return value if is_current(value) else encrypted(decrypted(value, USE), USE)
