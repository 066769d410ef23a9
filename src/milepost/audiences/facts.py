"""What this room records: audiences, and who enters and leaves them.

A fact about an audience holds a fingerprint of its rule and which sorts of conditions it has: the rule may name people.
"""

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.reasons import in_words
from milepost.journal.vocabulary import COUNT, SHA256, TEXT, FactType, Fields, Statement, listed

_RULE: Fields = {"rule_sha256": SHA256, "conditions": listed(TEXT), "minimum_days": COUNT}

AUDIENCE_CREATED = FactType(
    "created",
    "audience",
    is_office=True,
    result=_RULE,
    sentence=gettext_lazy("Made the audience “%(object)s”"),
    done_to=gettext_lazy("Made by %(actor)s"),
)
AUDIENCE_UPDATED = FactType(
    "updated",
    "audience",
    is_office=True,
    result=_RULE,
    sentence=gettext_lazy("Changed the audience “%(object)s”"),
    done_to=gettext_lazy("Changed by %(actor)s"),
)
AUDIENCE_ARCHIVED = FactType(
    "archived",
    "audience",
    is_office=True,
    sentence=gettext_lazy("Archived the audience “%(object)s”"),
    done_to=gettext_lazy("Archived by %(actor)s"),
)
AUDIENCE_RESTORED = FactType(
    "restored",
    "audience",
    is_office=True,
    sentence=gettext_lazy("Brought the audience “%(object)s” back"),
    done_to=gettext_lazy("Brought back by %(actor)s"),
)


def _with_reason(sentence: Promise) -> Callable[[Statement], str]:
    """The sentence, and behind it what it was that changed."""

    def tell(statement: Statement) -> str:
        reason = in_words(statement.context.get("why", []))
        told = str(sentence)
        # Translators: %(sentence)s is a whole one, %(reason)s some nouns: “Entered the audience “Oslo” (site, hire date)”.
        return (
            _("%(sentence)s (%(reason)s)") % {"sentence": told, "reason": reason.replace("%", "%%")} if reason else told
        )

    return tell


AUDIENCE_ENTERED = FactType(
    "entered",
    "audience",
    context={"why": listed(TEXT)},
    sentence=_with_reason(gettext_lazy("Entered the audience “%(object)s”")),
    done_to=_with_reason(gettext_lazy("%(actor)s entered")),
)
AUDIENCE_LEFT = FactType(
    "left",
    "audience",
    context={"why": listed(TEXT)},
    sentence=_with_reason(gettext_lazy("Left the audience “%(object)s”")),
    done_to=_with_reason(gettext_lazy("%(actor)s left")),
)
