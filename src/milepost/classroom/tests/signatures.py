"""A signature, and what the journal says of it, for tests of who signs and how."""

from milepost.classroom.models import Way
from milepost.classroom.signing import Circumstances, Signing
from milepost.documents.signatures import Signature
from milepost.journal.models import Entry

DRAWN = '{"width":300,"height":160,"strokes":[[10,80,60,40,90,120,140,60,200,100]]}'


def signing(**changes):
    usual = {
        "signature": Signature.read(DRAWN),
        "way": Way.PROJECTED,
        "meaning": "I was there.",
        "circumstances": Circumstances("10.0.0.7", "Phone"),
    }
    return Signing(**(usual | changes))


def path_of(address):
    return "/" + address.partition("://")[2].partition("/")[2]


def entries(*verbs):
    return [entry.content for entry in Entry.objects.filter(verb__in=verbs).order_by("id")]
