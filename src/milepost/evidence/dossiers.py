"""The dossier: everything of an action in one zip that anybody can check offline (see `milepost.verify`).

It is asked for here and built in the background; `dossier_file` writes it. A worker that is killed leaves no half
dossier: the next one begins anew.
"""

import tempfile
import zipfile
from pathlib import Path
from typing import IO

from django.db import transaction
from django.db.models import F

from milepost.core import blobs
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.quotas import refuse_beyond, take
from milepost.evidence.contributions import scope_of
from milepost.evidence.dossier_file import DossierFile, Progress
from milepost.evidence.facts import ACTION_EXPORTED, ACTION_REQUESTED
from milepost.evidence.models import Dossier, TrainingAction
from milepost.evidence.readiness import readiness_of
from milepost.evidence.registering import register_people
from milepost.evidence.sealed_archive import seal_with_index
from milepost.journal.recording import SYSTEM, record
from milepost.people.contributions import contributions
from milepost.people.identity import state_identity
from milepost.people.models import Member, Organisation


@irrevocable
def ask_for(*, action: TrainingAction, by: Member, member: Member | None = None) -> Dossier:
    """Have the dossier built in the background: the action's, or what it holds of one person. Records `requested`.

    One that is still to be built is the one that is asked for: it will tell the newest state.
    """
    with transaction.atomic():
        Organisation.locked(action.organisation_id)  # for what may wait
        TrainingAction.objects.select_for_update(no_key=True).get(pk=action.pk)
        if waiting := Dossier.objects.filter(action=action, member=member, digest="", problem="", done=0).first():
            return waiting
        take(action.organisation, "exports")
        refuse_beyond(action.organisation, "jobs", more=1)
        dossier = Dossier.objects.create(organisation=action.organisation, action=action, member=member, asked_by=by)
        record(
            ACTION_REQUESTED,
            organisation=action.organisation,
            actor=by.as_reference(),
            object=action.as_reference(),
            context={"dossier": str(dossier.uid)},
        )
        named("evidence.build_dossier").enqueue(dossier.organisation_id, dossier.pk)
    return dossier


def build_one(dossier: Dossier) -> None:
    """Build what was asked for and keep it. Records `exported`; a failure is told on the page until it is tried again."""

    def tell(done: int, total: int) -> None:
        Dossier.objects.filter(pk=dossier.pk).update(done=done, total=total)

    organisation = dossier.action.organisation
    Dossier.objects.filter(pk=dossier.pk).update(problem="", done=0)
    try:
        with tempfile.TemporaryFile() as file:
            build(action=dossier.action, member=dossier.member, file=file, progress=tell)
            size = file.tell()
            file.seek(0)
            digest = blobs.store_stream(organisation.uid, blobs.chunks_of(file))
    except Exception as error:
        Dossier.objects.filter(pk=dossier.pk).update(problem=f"{type(error).__name__}"[:300])
        raise
    actor = dossier.asked_by.as_reference() if dossier.asked_by else SYSTEM
    with transaction.atomic():
        if not Dossier.objects.filter(pk=dossier.pk, digest="").update(digest=digest, size=size, done=F("total")):
            return  # another worker was first
        record(
            ACTION_EXPORTED,
            organisation=organisation,
            actor=actor,
            object=dossier.action.as_reference(),
            result={"sha256": digest},
            context={"dossier": str(dossier.uid)},
        )


def build(
    *,
    action: TrainingAction,
    file: IO[bytes],
    member: Member | None = None,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Write the dossier into the file: of the whole action, or, of one person in it, all that names nobody else.

    What it tells of is made and sealed first, so that nothing is missing.
    """
    register_people(action)
    scope = scope_of(action, member)
    for contribution in contributions.all():
        contribution.prepare(scope)
    readiness = readiness_of(action, member)
    state_identity(action.organisation)
    seal_with_index(action.organisation_id)
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        DossierFile(action, scope, archive, readiness, progress).write()


def build_to(
    path: Path,
    action: TrainingAction,
    *,
    member: Member | None = None,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Write the dossier to a file, whole or not at all. Raises `OSError`."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w+b") as file:
            build(action=action, member=member, file=file, progress=progress)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
