"""Certificates as sealed PDFs, made in the background one after another.

The state is the row itself: what has no PDF yet gets one. A worker that is killed leaves whole certificates behind, the
next one goes on, and of two at the same certificate the first to be recorded wins.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.classroom.models import LiveSession
from milepost.core import blobs, clock
from milepost.core.words import date_format, days, duration
from milepost.credentials.issuing import pdf_fact
from milepost.credentials.models import Certificate
from milepost.credentials.stating import OWN_TIME
from milepost.documents.typesetting import facts_of, logo_of, qr_code, render
from milepost.journal import keys
from milepost.journal.recording import record_many
from milepost.notices.outbox import Said, notify_many


def typeset(certificates: Sequence[Certificate]) -> int:
    """Make and seal the PDFs of these certificates, and record each; return how many were new."""
    made = [(certificate, _store(certificate)) for certificate in certificates]
    new = []
    with transaction.atomic():
        for certificate, digest in made:
            if Certificate.objects.untypeset().filter(pk=certificate.pk).update(pdf=digest):
                certificate.pdf = digest
                record_many([pdf_fact(certificate)], organisation=certificate.organisation)
                new.append(certificate)
            else:
                certificate.refresh_from_db(fields=["pdf"])
        notify_many("certificate", (_news(certificate) for certificate in new))
    return len(new)


def _news(certificate: Certificate) -> Said:
    """That its file is made, to say to whoever holds it."""
    holder, language = certificate.enrolment.member, certificate.content["language"]
    return Said(holder, certificate.as_reference(), str(certificate.uid), language=language)


def pdf_of(certificate: Certificate) -> bytes:
    """The sealed PDF; made now if nobody has made it yet."""
    if not certificate.pdf:
        typeset([certificate])
    return blobs.read(certificate.organisation.uid, certificate.pdf)


def _store(certificate: Certificate) -> str:
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    organisation = certificate.organisation
    pdf = render("certificate", page_of(certificate), time=certificate.issued_at)
    sealed = seal_pdf(
        pdf,
        key=keys.current_key(organisation.pk),
        time=clock.now(),
        reason=f"Certificate {certificate.shown_code}",
        contact=address_of(certificate),
    )
    return blobs.store(organisation.uid, sealed)


def address_of(certificate: Certificate) -> str:
    """Where anybody can check the certificate."""
    return f"{settings.BASE_URL}/verify/{certificate.code}/"


def page_of(certificate: Certificate) -> dict[str, Any]:
    """What the template lays out, in the certificate's language (EVIDENCE: certificate of completion)."""
    content, organisation = certificate.content, certificate.organisation
    with translation.override(content["language"]):
        return {
            "language": content["language"],
            "heading": _("Certificate of completion"),
            "organisation": content["organisation"],
            "organisation_facts": facts_of(organisation, content.get("address", ""), content.get("registration", "")),
            "logo": logo_of(organisation),
            "colour": organisation.brand_colour,
            "reference": _("Version %(number)s of the course, issued on %(day)s")
            % {"number": content["version"], "day": _day(certificate.issued_at.date().isoformat())},
            "beneficiary": content["beneficiary"],
            "statement": _("has completed the training"),
            "title": content["title"],
            "facts": _facts(certificate),
            "objectives": content["objectives"],
            "objectives_label": _("Objectives"),
            "certifier": content["certifier"],
            "certifier_quality": content["certifier_quality"],
            "sealed": _("Certified and sealed electronically for %(name)s.") % {"name": content["organisation"]},
            "check": _("Check this certificate:"),
            "address": address_of(certificate),
            "address_shown": f"{settings.BASE_URL}/verify/".partition("://")[2],
            "code": certificate.shown_code,
            "code_label": _("Code"),
            "qr": qr_code(address_of(certificate)),
        }


def _facts(certificate: Certificate) -> list[tuple[str, str]]:
    """What stands in the table: label and value; what has no value is left out."""
    content = certificate.content
    begun, completed = sorted(date.fromisoformat(content[name]) for name in ("begun", "completed"))
    facts = [
        (_("Employer"), content["employer"]),
        (_("Training action"), (content.get("action") or {}).get("reference", "")),
        (_("Nature of the action"), _("Training action")),
        (_("Dates"), days(begun, completed)),
        (_("Duration"), _hours(content)),
        (_("Place and modality"), _modality(content)),
        (_("Result"), "" if content["score"] is None else f"{content['score']:.0f} %"),
        (_("Valid until"), _day(certificate.valid_until.isoformat()) if certificate.valid_until else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _hours(content: dict[str, Any]) -> str:
    """Both sorts apart, each if there is any."""
    distance, live = content["minutes_at_a_distance"], content["minutes_live"]
    parts = {"distance": duration(distance), "live": duration(live)}
    if distance and live:
        return _("%(distance)s at a distance, %(live)s live") % parts
    return (_("%(live)s live") if live else _("%(distance)s at a distance")) % parts


def _modality(content: dict[str, Any]) -> str:
    """Where and how it was: as the certificate states it, or, for those of earlier releases, as their hours tell."""
    if "modalities" not in content:
        forms = [OWN_TIME] if content["minutes_at_a_distance"] or not content["minutes_live"] else []
        return ", ".join([*(_form(form) for form in forms), *([_("live")] if content["minutes_live"] else [])])
    return " · ".join([*content["places"], *(_form(form) for form in content["modalities"])])


def _form(name: str) -> str:
    if name == OWN_TIME:
        return _("online, in one’s own time")
    return str(LiveSession.Form(name).label) if name in LiveSession.Form.values else name


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text), "DATE_FORMAT")
