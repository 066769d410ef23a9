"""What audiences can ask about certificates: whether somebody holds one that counts, and for how long it still does."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.audiences.conditions import Incomplete
from milepost.core.words import date_format
from milepost.credentials.facts import CERTIFICATE_ISSUED, CERTIFICATE_REVOKED
from milepost.credentials.models import Certificate
from milepost.credentials.permissions import SEE_CERTIFICATES
from milepost.learning.audience_conditions import MOST_DAYS, OfCourse, checked_course, checked_days, of_either_record
from milepost.people.facts import MEMBER_MERGED, MEMBER_SEPARATED
from milepost.people.models import Member, Organisation


class HoldsCertificate(OfCourse):
    """Holds a certificate of the course that is not revoked and still counts so many days from now.

    The value is `{"course": uid, "days": n}`; with 0 it counts today. So “not, in 30 days” are those whose certificate is about to end.
    """

    name, label = "certified", gettext_lazy("Holds a certificate")
    facts = (CERTIFICATE_ISSUED, CERTIFICATE_REVOKED, MEMBER_MERGED, MEMBER_SEPARATED)
    permission = SEE_CERTIFICATES

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        days = forms.IntegerField(
            label=gettext_lazy("That still counts in … days"),
            help_text=gettext_lazy("0: today."),
            min_value=0,
            max_value=MOST_DAYS,
            required=False,
        )
        return super().form_fields(organisation, value) | {"days": days}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return {"course": cleaned["course"], "days": cleaned["days"] or 0}

    def check(self, organisation: Organisation, value: Any) -> Any:
        course = checked_course(organisation, value)
        if {*value} != {"course", "days"}:
            raise Incomplete(_("Choose a course."))
        return {"course": course, "days": checked_days(value["days"])}

    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        day = today + timedelta(days=value["days"])
        counting = Q(valid_until=None) | Q(valid_until__gte=day)
        rows = Certificate.objects.current().filter(
            counting, organisation=organisation, enrolment__course__uid=value["course"]
        )
        return of_either_record(rows, "enrolment__member")

    def tell(self, organisation: Organisation, value: Any) -> str:
        return self._told(organisation, value, _("holds a certificate of “%(course)s”"))

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        return self._told(organisation, value, _("holds no certificate of “%(course)s”"))

    def _told(self, organisation: Organisation, value: Any, sentence: str) -> str:
        words = sentence % {"course": self.course(organisation, value)}
        if not (days := value["days"]):
            return words
        later = ngettext("that still counts tomorrow", "that still counts in %(days)d days", days) % {"days": days}
        return f"{words} {later}"

    def seen(self, member: Member, value: Any, today: date) -> str:
        theirs = Q(enrolment__member=member) | Q(enrolment__member__merge__stays=member)
        rows = Certificate.objects.current().filter(theirs, enrolment__course__uid=value["course"])
        certificate = rows.order_by("-issued_at").first()
        if certificate is None:
            return _("no certificate")
        if certificate.valid_until is None:
            return _("without an end")
        return _("until %(day)s") % {"day": date_format(certificate.valid_until)}
