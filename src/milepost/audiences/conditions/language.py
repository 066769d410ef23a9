"""In which language Milepost speaks to somebody."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import OneOf
from milepost.people.models import Member, Organisation


class SpeaksLanguage(OneOf):
    """Has one of these languages, chosen or as the organisation; the value is a list of codes."""

    name, label = "language", gettext_lazy("Language")
    fields = frozenset({"language"})

    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        return [(code, str(name)) for code, name in settings.LANGUAGES]

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        without = [""] if organisation.language in value else []
        return Q(language__in=[*value, *without])

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("reads in %(language)s") % {"language": self.named(organisation, value)}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("doesn’t read in %(language)s") % {"language": self.named(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return str(dict(settings.LANGUAGES).get(member.speaks, member.speaks))
