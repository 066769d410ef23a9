"""The employers' batch file of training attestations: a row for each employee and each eligible action that was followed to its end."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.models import LiveSession
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.declarations.declaring import Collected, Declaration, Row
from milepost.declarations.models import Described, HealthTopic, Objective
from milepost.declarations.periods import Period, calendar_year
from milepost.declarations.proving import people_in_parts, proven
from milepost.evidence.models import TrainingAction
from milepost.people.models import Member, Organisation, Relation

COLUMNS = (
    *("ID_DECLARATION", "REFERENCE_DECLARATION", "ID_UNIQUE_PARTENAIRE", "NOM_FORMATION"),
    *("DATE_DEBUT_FORMATION", "DATE_FIN_FORMATION", "MODALITE_DISPENSE", "COMPETENCE_TRANSFERABLE"),
    *("QUALIFICATION_FORMATEUR", "FORMATION_CERTIFIANTE", "CERTIFICATION_VISEE", "DOMAINE_FORMATION"),
    *("SPECIALITE_FORMATION", "NIR", "NOM_TITULAIRE", "PRESENCE_EMPLOYEUR", "SIRET_EMPLOYEUR"),
    *("REFERENCE_EMPLOYEUR", "DATE_DEBUT_VALIDITE", "DATE_FIN_VALIDITE"),
)
IN_A_ROOM = {LiveSession.Form.ROOM, LiveSession.Form.HYBRID}


class Prevention(Declaration):
    """The file of an employer for the passeport de prévention."""

    name = "prevention"
    label = gettext_lazy("Passeport de prévention")
    purpose = gettext_lazy("An employer declares the health and safety training that its employees followed.")
    delimiter = "|"
    has_mark = False
    period_of = calendar_year

    def rows(self, organisation: Organisation, period: Period, found: Collected) -> Iterator[Row]:
        yield list(COLUMNS)
        count, people = 0, set()
        for action in _actions(organisation, period):
            described: Described | None = getattr(action, "described", None)
            if described is None or not described.health_topic:
                if period.has(action.ends_on):
                    found.problem("no-health-topic" if described else "not-described", action)
                continue
            if described.health_topic == HealthTopic.NO:
                continue
            if described.objective in (Objective.RNCP, Objective.RS) and not described.certification:
                found.problem("no-certification", action)
            for member, line in _lines(action, described, period, found):
                count += 1
                people.add(member.pk)
                yield line
        found.total(_("Attestations to declare"), count)
        found.total(_("Different people"), len(people))


def _actions(organisation: Organisation, period: Period) -> Iterator[TrainingAction]:
    """Those that began by the end of the year: who follows a course ends when they end."""
    rows = TrainingAction.objects.filter(organisation=organisation, let_go_at=None, starts_on__lte=period.last)
    return rows.select_related("organisation", "described").order_by("starts_on", "pk").iterator(200)


def _lines(
    action: TrainingAction, described: Described, period: Period, found: Collected
) -> Iterator[tuple[Member, Row]]:
    modality, is_over = _modality(action), action.ends_on < clock.today(action.organisation.time_zone)
    for part in people_in_parts(action):
        employees = [member for member in part if member.relation == Relation.EMPLOYEE]
        followed = _followed(action, employees)
        for member in employees:
            dates = followed.get(member.pk)
            if dates is None:
                if is_over and period.has(action.ends_on):
                    found.problem("no-certificate", action, member)
                continue
            if not period.has(dates[1]):
                continue
            if not member.employee_number:
                found.problem("no-number", action, member)
            yield member, _row(action, described, member, modality, *dates)


def _followed(action: TrainingAction, members: list[Member]) -> dict[int, tuple[date, date, date | None]]:
    """Who followed it to its end, by their key: from when until when, and how long the attestation holds."""
    if action.course_id is None:
        minutes = proven(action, [member.pk for member in members])
        whole = (key for key, has in minutes.items() if has.total >= action.minutes)
        return dict.fromkeys(whole, (action.starts_on, action.ends_on, None))
    rows = Certificate.objects.current().filter(enrolment__course=action.course_id, enrolment__member__in=members)
    zone = ZoneInfo(action.organisation.time_zone)
    held: dict[int, tuple[date, date, date | None]] = {}
    for certificate in rows.select_related("enrolment"):
        said: dict[str, Any] = certificate.content
        begun = date.fromisoformat(said["begun"])
        completed = certificate.enrolment.completed_at or certificate.issued_at
        held[certificate.enrolment.member_id] = (begun, completed.astimezone(zone).date(), certificate.valid_until)
    return held


def _modality(action: TrainingAction) -> str:
    forms = set(action.sessions.values_list("form", flat=True))
    in_room, afar = bool(forms & IN_A_ROOM), bool(forms - {LiveSession.Form.ROOM}) or action.course_id is not None
    return "MIXTE" if in_room and afar else "PRESENTIEL" if in_room else "A_DISTANCE"


def _row(
    action: TrainingAction,
    described: Described,
    member: Member,
    modality: str,
    begun: date,
    ended: date,
    until: date | None,
) -> Row:
    is_certifying = described.objective in (Objective.RNCP, Objective.RS)
    return [
        action.reference,
        str(action.uid),
        f"{action.uid.hex[:12]}-{member.uid.hex[:12]}",
        action.title.replace("|", "-"),
        _day(begun),
        _day(ended),
        modality,
        "",
        "",
        "OUI" if is_certifying else "NON",
        described.certification if is_certifying else "",
        "",
        "" if is_certifying else described.speciality,
        "",
        member.family_name.replace("|", "-"),
        "",
        "",
        member.employee_number or "",
        _day(ended),
        _day(until) if until else "",
    ]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
