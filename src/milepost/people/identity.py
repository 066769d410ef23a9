"""Who the organisation is, as its papers state it: a fact, so that no paper can state it otherwise later.

Such facts are filed under an identifier of their own. That a paper tells the newest is cheap to prove then, and names nobody:
not who changed it either, which `organisation.updated` tells.
"""

import json
from typing import Any
from uuid import uuid5

from django.db import transaction

from milepost.journal import index, tiles
from milepost.journal.models import Entry, Seal
from milepost.journal.proofs import inclusion_proof
from milepost.journal.recording import SYSTEM, Reference, record
from milepost.people.facts import IDENTITY_STATED
from milepost.people.models import Organisation

# Columns of the organisation, each the name of a setting, too.
STATED = ("name", "registration_number", "postal_address", "certifier_name", "certifier_quality")


def identity_uid(organisation: Organisation) -> str:
    """What the facts that say who it is are about (docs/dossier-format.md, section 11)."""
    return str(uuid5(organisation.uid, "identity"))


def state_identity(organisation: Organisation) -> None:
    """Record who the organisation is, unless the newest fact says just that. Records `stated`."""
    if not _is_stated(organisation):
        with transaction.atomic():
            locked = Organisation.locked(organisation.pk)
            if not _is_stated(locked):
                thing = Reference("identity", identity_uid(locked), locked.name)
                record(IDENTITY_STATED, organisation=locked, actor=SYSTEM, object=thing, result=_stated(locked))


def proof_of_identity(organisation: Organisation, head: Seal) -> dict[str, Any]:
    """The newest fact under this head that says who it is, proven to be there and to be the newest.

    `fact` is the proof of that fact, `leaves` are those of all such facts in the order of the tree, and `completeness` proves by the
    head's index that these are all. Call it while nobody adds to the tree (`sealing.held`) of which all is in the index, and once
    it was stated.
    """
    about = identity_uid(organisation)
    facts = Entry.objects.filter(organisation_id=organisation.pk, about=about).in_bulk()
    places = {number: place for number, place in tiles.places_of(organisation.pk, facts).items() if place < head.size}
    told = [facts[number] for number in sorted(places, key=places.__getitem__)]
    return {
        "fact": inclusion_proof(told[-1], head),
        "leaves": [bytes(entry.leaf).hex() for entry in told],
        "completeness": index.prove(index.StoredPages(organisation.pk), {about}, {}),
    }


def _is_stated(organisation: Organisation) -> bool:
    told = Entry.objects.filter(organisation_id=organisation.pk, about=identity_uid(organisation)).order_by("-id")
    statement = told.values_list("statement", flat=True).first()
    return statement is not None and json.loads(statement)["result"] == _stated(organisation)


def _stated(organisation: Organisation) -> dict[str, str]:
    return {name: getattr(organisation, name) for name in STATED}
