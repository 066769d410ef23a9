"""What does not hold of a receipt, in the language of whoever brings it.

The verifier knows no languages: what it says is for whoever checks a file, to the byte and in English. Whoever brings a receipt reads
what kind of fault it is, and what to do.
"""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LONGEST = 80  # characters of a name out of the file


@dataclass(frozen=True)
class Fault:
    """A kind of fault: by which of the verifier's words it is known, and how it is told; what is named in the first may stand in the second."""

    said: re.Pattern[str]
    words: Promise

    def told(self, said: str) -> str | None:
        """The words for what the verifier said; None where that is another kind of fault."""
        found = self.said.search(said)
        return str(self.words) % {name: text[:LONGEST] for name, text in found.groupdict().items()} if found else None


def _fault(said: str, words: Promise) -> Fault:
    return Fault(re.compile(said), words)


OTHER = _fault("", gettext_lazy("It is not as Milepost writes receipts."))
# The first that fits is told.
FAULTS = (
    _fault(
        r"more files|more facts|unpacks to more|tells of more than",
        gettext_lazy("It holds more than is read at once. Take one of fewer courses."),
    ),
    _fault(r"^The zip file is broken", gettext_lazy("The file is damaged, or is no receipt.")),
    _fault(
        r"^This file is of the format “(?P<form>[^”]*)”",
        gettext_lazy("It is of the format “%(form)s”, which is not read here."),
    ),
    _fault(
        r"zip file|leads out of|is a folder|is a link|is packed in a way|a second name",
        gettext_lazy("It was packed anew by another program. Bring the file as it was taken."),
    ),
    _fault(
        r"^(?P<name>\S+) (?:is not as Milepost writes it|does not say)",
        gettext_lazy("“%(name)s” in it is not as Milepost writes it."),
    ),
    _fault(r"^(?P<name>\S+) was changed", gettext_lazy("“%(name)s” in it was changed since it was made.")),
    _fault(r"^(?P<name>\S+) is missing", gettext_lazy("“%(name)s” is missing in it.")),
    _fault(
        r"^(?P<name>\S+) (?:was added|is nothing that)", gettext_lazy("“%(name)s” was added to it since it was made.")
    ),
    _fault(
        r"of somebody else, or about something else", gettext_lazy("It tells of somebody else than its person, too.")
    ),
    _fault(r"demonstration", gettext_lazy("It contradicts itself about whether it comes from a demonstration.")),
    _fault(r"for “made_at”", gettext_lazy("It can’t have been made when it says that it was.")),
    _fault(
        r"who the organisation is|of the organisation, and the newest fact",
        gettext_lazy("It calls its issuer otherwise than its facts do."),
    ),
    _fault(r"two certificates", gettext_lazy("It holds two certificates for one course.")),
    _fault(r"[Bb]adge|pieces/badges/", gettext_lazy("A badge in it does not hold.")),
    _fault(r"[Tt]ime stamp|--tsa|is dated before|heads", gettext_lazy("A time stamp in it does not hold.")),
    _fault(r"checkpoint|witness|policy", gettext_lazy("What its log and witnesses signed does not hold.")),
    _fault(
        r"piece|called otherwise|was added: “|an earlier file|PDF|carries no seal|after it was sealed",
        gettext_lazy("Its papers are not those that its facts tell of."),
    ),
    _fault(
        r"[Ff]acts? .*(?:sealed|missing|index)|^Number |^The dossier hides|^Line |completeness\.json|entries\.jsonl|another state|names no index|the words of a fact",
        gettext_lazy("Facts in it were changed, or were left out."),
    ),
    _fault(
        r"key|journal’s seal|seal of something else|sealed with|certificate",
        gettext_lazy("A key or a seal in it is not its issuer’s."),
    ),
    _fault(
        r"canonical form|said twice",
        gettext_lazy("Something in it is written so that programs read it in several ways."),
    ),
)


def in_words(said: str) -> str:
    """What does not hold, by what the verifier said of it, in the active language."""
    return next(told for fault in (*FAULTS, OTHER) if (told := fault.told(said)) is not None)
