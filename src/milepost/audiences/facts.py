"""What this room records: audiences, and who enters and leaves them.

A fact about an audience holds a fingerprint of its rule and which sorts of conditions it has: the rule may name people.
"""

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.reasons import in_words
from milepost.journal.vocabulary import COUNT, SHA256, TEXT, UID, FactType, Fields, Statement, listed

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

_ABOUT: Fields = {"audience": UID, "name": TEXT, "why": listed(TEXT)}


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


MEMBER_ENTERED = FactType(
    "entered",
    "member",
    context=_ABOUT,
    about="audience",
    sentence=_with_reason(gettext_lazy("%(object)s entered the audience “%(name)s”")),
    done_to=_with_reason(gettext_lazy("Entered the audience “%(name)s”")),
)
MEMBER_LEFT = FactType(
    "left",
    "member",
    context=_ABOUT,
    about="audience",
    sentence=_with_reason(gettext_lazy("%(object)s left the audience “%(name)s”")),
    done_to=_with_reason(gettext_lazy("Left the audience “%(name)s”")),
)
