"""An HR file between its upload and its import: the verbs on the draft. What it would do is `import_plan`'s to say."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.core.tables import read_table
from milepost.people.headings import FIELDS, guess_mapping
from milepost.people.import_plan import ImportRefused, Plan
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, PeopleImport
from milepost.people.permissions import IMPORT_PEOPLE, may

DRAFT_LIVES = timedelta(days=1)
SENT_LIVES = timedelta(days=7)
"""So long a file that came by itself waits: it may come on a Friday night."""
MAX_KEY = 700  # letters of a question's key: the longest path of a department, and more
MAX_ANSWERS = 20_000  # as many as a file has people
LARGE = 2_000  # rows, from which on it takes longer than anybody waits for a page


class UploadOver(ImportRefused):
    """The uploaded file was imported meanwhile, or gave way to another upload."""

    sentence = gettext_lazy(
        "This file was imported already, or another one was uploaded after it. See the list of people, or upload it anew."
    )


def upload(
    *, content: bytes, name: str, by: Member, comes_by_itself: bool = False, is_complete: bool = False
) -> PeopleImport:
    """Keep the file until it is imported; nothing is imported yet. Raises `UnreadableTable`.

    An HR file that nobody imported does not stay: one's own goes now, others after a day (`forget_unfinished`). One that
    `comes_by_itself` gives way to the next that does, and stays a week.
    """
    table = read_table(content, name=name)
    heading = fingerprint("\0".join(table.header).encode())
    with transaction.atomic():
        unfinished = PeopleImport.objects.filter(organisation=by.organisation, applied_at=None)
        unfinished = unfinished.filter(comes_by_itself=comes_by_itself)
        # One that somebody has begun to import is theirs to finish.
        (unfinished.filter(begun_at=None) if comes_by_itself else unfinished.filter(uploaded_by=by)).delete()
        return PeopleImport.objects.create(
            organisation=by.organisation,
            uploaded_by=by,
            file_name=name[:200],
            content=content,
            digest=fingerprint(content),
            comes_by_itself=comes_by_itself,
            is_complete=is_complete,
            heading=heading,
            mapping=_mapping_of_last_time(by.organisation_id, heading) or guess_mapping(table.header),
        )


def _mapping_of_last_time(organisation_id: int, heading: str) -> dict[str, int] | None:
    """What the columns held when a file with these headings was imported last; None where there was none."""
    done = PeopleImport.objects.filter(organisation=organisation_id, heading=heading, applied_at__isnull=False)
    return done.order_by("-applied_at").values_list("mapping", flat=True).first()


def forget_unfinished() -> int:
    """Delete the HR files that nobody imported: uploaded more than a day ago, or come by themselves a week ago; return how many."""
    now = clock.now()
    own = Q(uploaded_at__lt=now - DRAFT_LIVES, comes_by_itself=False) | Q(uploaded_at__lt=now - SENT_LIVES)
    return PeopleImport.objects.filter(own, applied_at=None).delete()[0]


def choose(
    *, draft: PeopleImport, columns: Mapping[int, str], is_complete: bool, answers: Mapping[str, str] | None = None
) -> None:
    """Say which column holds what: the name of a field by the column's index; a field counts where it comes first.

    `answers` has what was said to the questions of the plan, by the key of each. Raises `UploadOver`.
    """
    known = {field.name for field in FIELDS}
    draft.mapping = {}
    for index, name in columns.items():
        if name in known:
            draft.mapping.setdefault(name, index)
    said = islice((answers or {}).items(), MAX_ANSWERS)
    draft.is_complete, draft.answers = is_complete, {key[:MAX_KEY]: answer[:MAX_KEY] for key, answer in said}
    waiting = PeopleImport.objects.filter(pk=draft.pk, applied_at=None, begun_at=None)
    if not waiting.update(mapping=draft.mapping, is_complete=is_complete, answers=draft.answers):
        raise UploadOver


def plan_of(draft: PeopleImport, *, by: Member) -> Plan:
    """What the draft would do, if `by` imported it."""
    return _file(draft).plan(draft.organisation, by=by)


@irrevocable
def finish(*, draft: PeopleImport, seen: str, by: Member, leavers: int | None = None) -> Counter[str]:
    """Do what the draft says and wipe the file, in one transaction; return the counts of `import_people`.

    `seen` is the fingerprint of the plan that was looked at, `leavers` how many leave by it, as somebody typed it. Raises
    `UploadOver`, and as `import_people`.
    """
    file = _file(draft)
    waiting = PeopleImport.objects.filter(pk=draft.pk, applied_at=None)
    with transaction.atomic():
        if not waiting.update(content=b"", applied_at=clock.now()):
            raise UploadOver
        return import_people(
            organisation=draft.organisation, file=file, by=by, seen=seen, leavers=leavers, act=draft.uid
        )


@irrevocable
def begin(*, draft: PeopleImport, seen: str, by: Member, leavers: int | None = None) -> None:
    """Have the background do what the draft says (`carry_on`); saying it again is a no-op. Raises `UploadOver`, `TooManyLeave`."""
    plan_of(draft, by=by).refuse_leavers(leavers, exactly=True)
    waiting = PeopleImport.objects.filter(pk=draft.pk, applied_at=None)
    with transaction.atomic():
        if waiting.filter(begun_at=None).update(
            begun_at=clock.now(), begun_by=by, seen=seen[:64], leavers=leavers, outcome={}
        ):
            named("people.import_large_file").enqueue(draft.organisation_id, draft.pk)
        elif not waiting.exists():
            raise UploadOver


def carry_on(draft: PeopleImport) -> None:
    """Import a draft that was begun. Where that is refused, the draft is there again to look at, with the reason."""
    by = draft.begun_by
    try:
        if by is None or not may(by, IMPORT_PEOPLE):
            raise ImportRefused
        with transaction.atomic():
            counts = finish(draft=draft, seen=draft.seen, by=by, leavers=draft.leavers)
            PeopleImport.objects.filter(pk=draft.pk).update(outcome=dict(counts))
    except Refused as refused:
        with translation.override((by and by.language) or draft.organisation.language):
            problem = str(refused)
        again = PeopleImport.objects.filter(pk=draft.pk, applied_at=None)
        again.update(begun_at=None, outcome={"problem": problem})


def _file(draft: PeopleImport) -> HRFile:
    digest = fingerprint(bytes(draft.content))
    return HRFile(draft.table, draft.mapping, draft.is_complete, draft.file_name, digest, draft.answers)
