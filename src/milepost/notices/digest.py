"""The daily message: what waited for it, as one letter with a link for each."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.notices.letters import Letter, greeting
from milepost.notices.models import Notice


def daily_letter(first: Notice, letters: Sequence[Letter]) -> Letter:
    """One letter of several to the same person; a single one stays as it is."""
    if len(letters) == 1:
        return letters[0]
    organisation = first.organisation
    with translation.override(first.to.language):
        subject = ngettext("%(count)d message from %(name)s", "%(count)d messages from %(name)s", len(letters))
        return Letter(
            subject=subject % {"count": len(letters), "name": organisation.name},
            paragraphs=[greeting(first.to.given_name), *(_item(letter) for letter in letters)],
            small=[_("You get these once a day, as you chose.")],
            files=[file for letter in letters for file in letter.files],
            choices=settings.BASE_URL + reverse("notice_preferences", args=[organisation.slug]),
        )


def _item(letter: Letter) -> str:
    return f"{letter.subject}\n{letter.link}".strip()
