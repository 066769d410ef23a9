"""What a receipt that somebody brings says of itself, read in a child process. Nothing is believed of it but that it fits together."""

import io
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.sandbox import Unreadable, confined
from milepost.receipts.words import in_words

MAX_RECEIPT = 20 << 20  # bytes
MOST_COURSES, LONGEST = 2_000, 1_000  # in one, and signs of each word in it
MOST_FACTS = 5_000  # in one, which take a second to read: some ten of each course
MAX_DIRECTORY = 1 << 20  # bytes of the zip's list of its files: some 12,000 of ours
ODD = ("Cc", "Cs", "Cn")  # general categories of Unicode: control characters, halves of one, and none
LOADED = ("milepost.verify", "milepost.verify.receipt", "pyhanko.pdf_utils.reader", "pyhanko.sign.validation")


class RefusedReceipt(Unreadable):
    """The file is no receipt, or one that does not hold; the message says what does not."""

    sentence = gettext_lazy(
        "The file can’t be read as a receipt: it is broken, or reading it takes too long. Take it anew where it comes "
        "from, of fewer courses if it tells of hundreds, and bring it as it is."
    )


@confined(RefusedReceipt, loads=LOADED)
def read(content: bytes) -> dict[str, Any]:
    """What the receipt tells, once all was checked on which that stands (see `verify.receipt.read_receipt`). Raises `RefusedReceipt`.

    `issuer`, `organisation` (its uid), `key` and `keys` (those that handed over to it), `person`, `person_id`, `published` (where the
    issuer says that its keys are), `sealed_at`, and `achievements`.
    """
    from milepost.verify import Broken
    from milepost.verify.receipt import read_receipt

    try:
        _hold_directory(content)
        _hold_count(content)
        report, told = read_receipt(io.BytesIO(content))
        _hold_words(told)
    except (Broken, ValueError) as error:
        raise RefusedReceipt(
            _("This receipt does not hold, so nothing of it was taken: %(why)s") % {"why": in_words(str(error))}
        ) from error
    if report.is_demonstration:
        raise RefusedReceipt(_("This receipt comes from a demonstration: nobody learnt anything there."))
    return told


def _hold_directory(content: bytes) -> None:
    """A list of 180,000 empty files keeps a zip's reader busy for seconds before any of them is looked at. Raises `Broken`.

    Its length stands at the end of the file (APPNOTE 6.3.10, 4.3.16), unless that points to a longer form (4.3.15).
    """
    from milepost.verify import Broken

    length = int.from_bytes(content[-10:-6], "little")
    if content[-22:-18] == b"PK\x05\x06" and (length > MAX_DIRECTORY or content[-42:-38] == b"PK\x06\x07"):
        raise Broken("it holds more files than Milepost puts into any.")


def _hold_count(content: bytes) -> None:
    """The manifest says how many facts there are, and whoever has a key of their own can have it say less. Raises `Broken`."""
    from milepost.verify import Broken
    from milepost.verify.archive import Archive
    from milepost.verify.contents import MAX_MANIFEST
    from milepost.verify.strict_json import read_json

    count = read_json(Archive(io.BytesIO(content)).read("manifest.json", MAX_MANIFEST)).get("entries", 0)
    if isinstance(count, int) and count > MOST_FACTS:
        raise Broken("it holds more facts than are read at once.")


def _hold_words(told: dict[str, Any]) -> None:
    """Whoever has a key of their own can seal anything: words that no database keeps, or no page shows. Raises `Broken`."""
    from milepost.verify import Broken

    achievements = told["achievements"]
    texts = [
        told["issuer"],
        told["person"],
        told["person_id"],
        told["published"],
        *(text for one in achievements for text in one.values()),
    ]
    if any(_is_odd(text) for text in texts) or len(achievements) > MOST_COURSES:
        raise Broken("it says something that Milepost writes into none.")
    for one in achievements:
        if one["completed_at"]:
            date.fromisoformat(one["completed_at"][:10])


def _is_odd(text: Any) -> bool:
    if isinstance(text, bool):
        return False
    return not isinstance(text, str) or len(text) > LONGEST or any(unicodedata.category(one) in ODD for one in text)


def keys_in(published: Any, organisation: str) -> Sequence[str]:
    """The fingerprints in what an issuer publishes (`milepost-keys/1`), where it is the issuer's of this uid. Raises `ValueError`."""
    try:
        if published["type"] != "milepost-keys/1" or published["organisation"]["id"] != organisation:
            raise ValueError("These are the keys of something else.")
        return [str(key["fingerprint"]) for key in published["keys"] if "revocation" not in key]
    except (KeyError, TypeError) as error:
        raise ValueError("These are no keys.") from error
