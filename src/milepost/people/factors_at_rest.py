"""Seeds of TOTP and recovery codes, encrypted where allauth keeps them (`core.encryption`): a copy of the database makes no code."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from milepost.core.encryption import decrypted, encrypted, is_current

USE = "mfa.authenticator"
_SECRETS = ("secret", "seed", "migrated_codes")  # the keys of `data` that allauth gives to `encrypt`
_PART = 200


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What differs from allauth's own ways: nothing that makes a code lies there in the clear."""

    def encrypt(self, text: str) -> str:
        return encrypted(text, USE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypted(encrypted_text, USE)


def keep_under_current_secret() -> int:
    """Encrypt each seed anew that is not under the secret of now, in the clear even; return how many authenticators changed."""
    count, last = 0, 0
    while True:
        with transaction.atomic():
            part = list(Authenticator.objects.select_for_update().filter(pk__gt=last).order_by("pk")[:_PART])
            changed = [row for row in part if _renewed(row)]
            Authenticator.objects.bulk_update(changed, ["data"])
        count += len(changed)
        if not part:
            return count
        last = part[-1].pk


def _renewed(row: Authenticator) -> bool:
    old = {name: row.data[name] for name in _SECRETS if row.data.get(name)}
    new = {name: _all(value) for name, value in old.items()}
    row.data |= new
    return new != old


def _all(value: str | list[str]) -> str | list[str]:
    if isinstance(value, list):
        return [str(_all(each)) for each in value]
    return value if is_current(value) else encrypted(decrypted(value, USE), USE)
