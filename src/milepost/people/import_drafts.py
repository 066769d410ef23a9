"""An HR file between its upload and its import: the verbs on the draft. What it would do is `import_plan`'s to say."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.tables import read_table
from milepost.people.headings import FIELDS, guess_mapping
from milepost.people.import_plan import Plan, plan_import
from milepost.people.importing import apply_import
from milepost.people.models import Member, PeopleImport


def upload(*, content: bytes, name: str, by: Member) -> PeopleImport:
    """Keep the file until it is imported; nothing is imported yet. Raises `UnreadableTable`.

    An HR file that nobody imported does not stay: one's own goes now, others after a day.
    """
    table = read_table(content, name=name)
    with transaction.atomic():
        unfinished = PeopleImport.objects.filter(organisation=by.organisation, applied_at=None)
        yesterday = clock.now() - timedelta(days=1)
        unfinished.filter(Q(uploaded_by=by) | Q(uploaded_at__lt=yesterday)).delete()
        return PeopleImport.objects.create(
            organisation=by.organisation,
            uploaded_by=by,
            file_name=name[:200],
            content=content,
            mapping=guess_mapping(table.header),
        )


def choose_columns(*, draft: PeopleImport, columns: Mapping[int, str], is_complete: bool) -> None:
    """Say which column holds what: the name of a field by the column's index; a field counts where it comes first."""
    known = {field.name for field in FIELDS}
    draft.mapping = {}
    for index, name in columns.items():
        if name in known:
            draft.mapping.setdefault(name, index)
    draft.is_complete = is_complete
    draft.save(update_fields=["mapping", "is_complete"])


def plan_of(draft: PeopleImport, *, by: Member) -> Plan:
    """What the draft would do, if `by` imported it."""
    table = read_table(bytes(draft.content))
    return plan_import(
        organisation=draft.organisation, table=table, mapping=draft.mapping, is_complete=draft.is_complete, by=by
    )


def finish(*, draft: PeopleImport, plan: Plan, by: Member) -> Counter[str]:
    """Do what the plan says and wipe the file, in one transaction; return the counts of `apply_import`."""
    with transaction.atomic():
        counts = apply_import(plan=plan, by=by, source=draft.file_name, fingerprint=fingerprint(bytes(draft.content)))
        draft.content, draft.applied_at = b"", clock.now()
        draft.save(update_fields=["content", "applied_at"])
    return counts
