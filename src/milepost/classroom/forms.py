"""What the pages of live sessions take."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.correcting import AbsenceFile, Change
from milepost.classroom.meetings import meeting_tools
from milepost.classroom.models import LiveSession, Slot
from milepost.classroom.permissions import may_manage
from milepost.classroom.scheduling import HALF_DAYS, Plan, Span
from milepost.classroom.signing import Circumstances, SigningRefused
from milepost.core.form_fields import capitalised
from milepost.core.http import read_json
from milepost.core.queries import uuid_of
from milepost.core.sent_files import sent_file
from milepost.core.words import capital
from milepost.courses.kinds import kinds
from milepost.courses.models import Course
from milepost.courses.outline import outline_of
from milepost.people.access import client_address
from milepost.people.models import Member

MAX_ABSENCE_FILE = 10 * 1024 * 1024  # bytes
ABSENCE_FILES = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff")  # how a PDF, a PNG and a JPEG begin
CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}


class SessionForm(forms.Form):
    """A live session; its half-days come as lists of `day`, `start` and `end` beside the form's own fields."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, widget=forms.TextInput(CONTROL))
    form = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=capitalised(LiveSession.Form.choices), widget=forms.Select(SELECT)
    )
    place = forms.CharField(
        label=gettext_lazy("Place"),
        required=False,
        max_length=300,
        widget=forms.TextInput(CONTROL),
        help_text=gettext_lazy("Address and room."),
    )
    provider = forms.ChoiceField(label=gettext_lazy("Meeting tool"), required=False, widget=forms.Select(SELECT))
    address = forms.URLField(
        label=gettext_lazy("Video link"),
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(CONTROL),
        help_text=gettext_lazy("For a meeting that exists already."),
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("Seats"),
        required=False,
        min_value=1,
        max_value=100_000,
        widget=forms.NumberInput(CONTROL),
        help_text=gettext_lazy("Empty: as many as come. Whoever is too many gets on the waiting list."),
    )
    step = forms.ChoiceField(
        label=gettext_lazy("Step of a course"),
        required=False,
        widget=forms.Select(SELECT),
        help_text=gettext_lazy("Who was there completes the step."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=settings.LANGUAGES, widget=forms.Select(SELECT)
    )
    description = forms.CharField(
        label=gettext_lazy("What it is about"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(CONTROL | {"rows": 3}),
    )

    def __init__(self, by: Member, data: QueryDict | None = None, *, session: LiveSession | None = None) -> None:
        self.organisation, self.session = by.organisation, session
        super().__init__(data, initial=_initial(session) if session else {"language": by.organisation.language})
        tools = [
            (p.name, p.label)
            for p in meeting_tools.all()
            if p.is_configured or (session and session.provider == p.name)
        ]
        self._field("provider").choices = [("", capital(_("none: people meet in a room"))), *tools]
        steps = live_steps(by)
        self._field("step").choices = [("", capital(_("none: it stands alone"))), *steps]
        if session or not steps:
            del self.fields["step"]  # what a session is a step of does not change once people registered for it

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        return field

    @property
    def half_days(self) -> list[dict[str, str]]:
        """The rows of half-days as the page shows them: what was typed, what there is, or a day to begin with."""
        if isinstance(self.data, QueryDict) and self.is_bound:
            lists = [self.data.getlist(name) for name in ("day", "start", "end")]
            return [dict(zip(("day", "start", "end"), row, strict=True)) for row in zip(*lists, strict=False)]
        if self.session:
            return [
                {
                    "day": f"{slot.local_start:%Y-%m-%d}",
                    "start": f"{slot.local_start:%H:%M}",
                    "end": f"{slot.local_end:%H:%M}",
                }
                for slot in self.session.slots.all()
            ]
        return [{"day": "", "start": f"{start:%H:%M}", "end": f"{end:%H:%M}"} for start, end in HALF_DAYS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (
            cleaned.get("provider")
            and meeting_tools.get(cleaned["provider"]).asks_for_address
            and not cleaned.get("address")
        ):
            self.add_error("address", _("Paste the link of the meeting, or choose that people meet in a room."))
        if not cleaned.get("provider") and not cleaned.get("place"):
            self.add_error("place", _("Say where people meet: a place, a meeting tool, or both."))
        zone = self.session.zone if self.session else ZoneInfo(self.organisation.time_zone)
        cleaned["spans"] = _spans(self.half_days, zone)
        return cleaned

    def plan(self) -> Plan:
        """What was asked for."""
        course, _colon, key = self.cleaned_data.get("step", "").partition(":")
        names = ("title", "spans", "form", "place", "provider", "address", "description", "language", "capacity")
        return Plan(
            **{name: self.cleaned_data[name] for name in names},
            course=Course.objects.filter(organisation=self.organisation, slug=course).first() if course else None,
            activity_key=key,
        )


def _initial(session: LiveSession) -> dict[str, Any]:
    names = ("title", "form", "place", "provider", "capacity", "language", "description")
    return {name: getattr(session, name) for name in names} | {"address": session.meeting.get("address", "")}


def live_steps(by: Member) -> list[tuple[str, str]]:
    """The live steps of the published courses whose sessions the member manages, as choices."""
    published = Course.objects.filter(organisation=by.organisation, published__isnull=False).order_by("title")
    courses = [course for course in published if may_manage(by, course)]
    return [
        (f"{course.slug}:{activity.key}", f"{course.title}: {activity.title}")
        for course in courses
        for activity in outline_of(course.published_id or 0).activities
        if kinds.get(activity.kind).is_live
    ]


def _spans(rows: Sequence[dict[str, str]], zone: ZoneInfo) -> list[Span]:
    """Start and end of each row that has a day; rows without one are blank."""
    spans = []
    for number, row in enumerate((row for row in rows if row["day"].strip()), start=1):
        try:
            day = date.fromisoformat(row["day"])
            start, end = (datetime.combine(day, time.fromisoformat(row[name]), zone) for name in ("start", "end"))
        except ValueError as error:
            raise ValidationError(
                _("Half-day %(number)d: give its day, its start and its end, like 09:00.") % {"number": number}
            ) from error
        spans.append((start, end))
    return spans


# --- Attendance -------------------------------------------------------------------------------------------


def read_change(request: HttpRequest, slot: Slot, *, may_justify: bool) -> Change:
    """What is noted of an attendance: late, gone early, absent with a reason and a file, present after all.

    Raises `SigningRefused` with what to mend.
    """
    state = request.POST.get("state", "")
    reason = request.POST.get("reason", "")
    file = request.FILES.get("file")
    if (reason or file) and not may_justify:
        raise SigningRefused(
            _("The training team justifies absences here. Note the absence, and tell them the reason.")
        )
    return Change(
        state=state if state in ("absent", "present", "missing") else None,  # type: ignore[arg-type]
        absence_reason=reason if state == "absent" else None,
        absence_file=_absence_file(file) if file else None,
        arrived_at=_instant(request.POST, "arrived", slot),
        left_at=_instant(request.POST, "left", slot),
    )


def read_decision(sent: QueryDict) -> dict[str, Any]:
    """What is decided about which signatures, and the doubts that the page showed of each (`uid:doubts_seen`).

    Raises `SigningRefused` for a form that says neither.
    """
    pairs = (pair.partition(":") for pair in sent.getlist("who")[:2_000])
    seen = {str(uid): mark for text, _colon, mark in pairs if (uid := uuid_of({"who": text}, "who"))}
    decision = sent.get("decision", "")
    if not seen or decision not in ("there", "not-there", "undecided"):
        raise SigningRefused(_("Say about whom, and whether they were there. Load the page again."))
    return {"seen": seen, "decision": decision, "reason": sent.get("reason", "")}


def _absence_file(file: "UploadedFile[Any]") -> AbsenceFile:
    advice = _("Photograph it anew, or save it smaller.")
    content = sent_file(file, most=MAX_ABSENCE_FILE, advice=advice, field="file").read()
    if not content.startswith(ABSENCE_FILES):
        raise SigningRefused(_("The file must be a PDF or a photograph (PNG, JPEG)."), field="file")
    return AbsenceFile(file.name or "document", content)


def _instant(sent: QueryDict, field: str, slot: Slot) -> datetime | None:
    """A time of the slot's day, as a time field sends it (14:05)."""
    text = sent.get(field, "")
    if not text:
        return None
    try:
        return datetime.combine(slot.local_start.date(), time.fromisoformat(text), slot.session.zone)
    except ValueError as error:
        words = _("“%(text)s” is not a time. Write it like 14:05.") % {"text": text[:20]}
        raise SigningRefused(words, field=field) from error


def read_circumstances(request: HttpRequest) -> Circumstances:
    """From where the request comes; the place only where its owner sent it along."""
    agent = request.headers.get("User-Agent", "")[:400]
    return Circumstances(client_address(request), agent, _location(request.POST.get("location", "")))


def _location(sent: str) -> dict[str, float] | None:
    """Latitude and longitude in degrees, accuracy in metres, as the browser tells them; None for anything else."""
    try:
        sent_place: Any = read_json(sent[:200] or "null")
        place = {name: round(float(sent_place[name]), 5) for name in ("latitude", "longitude", "accuracy")}
    except (TypeError, ValueError, KeyError, OverflowError):
        return None
    is_on_earth = abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180 and 0 <= place["accuracy"] < 1e6
    return place if is_on_earth else None
