"""How passwords are kept, and which ones may be chosen (decision 0036; NIST SP 800-63B-4, ASVS 5.0 V6.2).

Long, and not among the first that would be tried: nothing is asked of the kind of characters, nothing expires. A password
that was chosen under earlier rules stays good until its person changes it.
"""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from milepost.people.models import plain

SHORTEST, LONGEST = 12, 128  # characters
SAFE = 3  # of zxcvbn's marks from 0 to 4: more than 10^8 guesses, which no limit of tries here lets anybody make
RATED = (
    72  # characters that zxcvbn reads, within 50 ms; a beginning that is safe alone is no less so with more behind it
)
NAMING = 4  # letters from which on a word names somebody: “Lee” also stands in “sleep”
COMMON = Path(__file__).with_name("common_passwords.txt.gz")  # `scripts/vendor.py` says where it comes from


class Argon2id(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: the first choice of OWASP's Password Storage Cheat Sheet.

    Django's own parameters take eight lanes and 100 MB, which eight people who sign in at once would feel.
    """

    memory_cost = 19_456  # KiB
    time_cost = 2
    parallelism = 1


class PasswordValidator:
    """Refuses, in words, what is short, what is known from leaks, what is easily guessed, and what names its person."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise `ValidationError` with what to do."""
        if len(password) < SHORTEST:
            raise ValidationError(
                _(
                    "This has %(count)s characters. Take %(least)s or more: three or four words are easily kept in mind."
                ),
                code="password_too_short",
                params={"count": len(password), "least": SHORTEST},
            )
        if len(password) > LONGEST:
            raise ValidationError(
                _("This has %(count)s characters. At most %(most)s are possible."),
                code="password_too_long",
                params={"count": len(password), "most": LONGEST},
            )
        words = list(_words_about(user))
        if named := next((word for word in words if len(word) >= NAMING and word in plain(password)), None):
            raise ValidationError(
                _("“%(word)s” is what somebody who knows you would try first. Leave it out."),
                code="password_names",
                params={"word": named},
            )
        if is_common(password) or not _is_safe(password, words):
            raise ValidationError(
                _(
                    "This is among the first passwords that would be tried. Take three or four words that have nothing to do "
                    "with each other."
                ),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        """What to choose, for whoever is about to."""
        return _(
            "%(least)s characters or more, of any kind: three or four words that have nothing to do with each other are good. "
            "Your names, your organisation’s and your address are not."
        ) % {"least": SHORTEST}


def is_common(password: str) -> bool:
    """Whether it is known from leaks, in whatever case."""
    return f"\n{password.casefold()}\n".encode() in gzip.decompress(COMMON.read_bytes())


def _is_safe(password: str, words: list[str]) -> bool:
    return bool(_zxcvbn()(password[:RATED], words)["score"] >= SAFE)


@cache
def _zxcvbn():  # type: ignore[no-untyped-def]
    from zxcvbn import zxcvbn  # brings its dictionaries, which few processes need

    return zxcvbn


def _words_about(user: AbstractBaseUser | None) -> Iterator[str]:
    """The words that name the product, the person, their address and their organisations."""
    texts = ["milepost", *([user.get_username()] if user else [])]
    # Nobody's yet, or of another kind (a stranger's form): no more to know.
    memberships = getattr(user, "memberships", None) if user and user.pk else None
    for member in memberships.select_related("organisation") if memberships else ():
        texts += [member.full_name, member.email or "", member.employee_number or ""]
        texts += [member.organisation.name, member.organisation.slug]
    for text in texts:
        yield from re.findall(r"[^\W_]+", plain(text))
