"""Which words somebody's job title has."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.conditions.condition import LONGEST_CHOICE, Condition, Incomplete
from milepost.core.names import as_seen
from milepost.people.models import Member, Organisation, plain


class HasJob(Condition):
    """Has a job title with all of these words in it, capitals and accents aside; the value is a text.

    The titles that there are are compared here and not by the database, so that each of them compares alike.
    """

    name, label = "job", gettext_lazy("Job title")
    fields = frozenset({"job_title"})

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        words = forms.CharField(label=gettext_lazy("Words in the job title"), max_length=LONGEST_CHOICE)
        return {"words": words}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return cleaned["words"]

    def initial(self, value: Any) -> dict[str, Any]:
        return {"words": value}

    def check(self, organisation: Organisation, value: Any) -> Any:
        words = as_seen(value) if isinstance(value, str) else ""
        if not plain(words).split() or len(words) > LONGEST_CHOICE:
            raise Incomplete(_("Write one or more words of a job title."))
        return words

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        words = plain(value).split()
        there = Member.objects.filter(organisation=organisation).exclude(job_title="").order_by()
        titles = there.values_list("job_title", flat=True).distinct()
        fitting = [title for title in titles if all(word in plain(title) for word in words)]
        return Q(job_title__in=fitting)

    def tell(self, organisation: Organisation, value: Any) -> str:
        return _("has “%(words)s” in the job title") % {"words": value}

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return _("doesn’t have “%(words)s” in the job title") % {"words": value}

    def seen(self, member: Member, value: Any, today: date) -> str:
        return member.job_title or _("none is known")
