"""Files in an S3-compatible store, against a real server that speaks the protocol."""

from datetime import timedelta
from uuid import UUID

import pytest

from milepost.core import blobs, clock
from milepost.core.blobs import checking

HOME = UUID(int=7)
CONTENT = bytes(range(256)) * 10_000


def test_what_is_stored_is_read_again(store):
    digest = blobs.store_stream(HOME, [CONTENT[:1000], CONTENT[1000:]])
    assert [stored.key for stored in store.objects.all()] == [f"milepost/{blobs.path_of(HOME, digest)}"]
    assert blobs.read(HOME, digest) == CONTENT
    assert blobs.size_of(HOME, digest) == len(CONTENT)
    assert blobs.is_there(HOME, digest)


def test_storing_twice_is_one_object(store):
    assert blobs.store(HOME, CONTENT) == blobs.store(HOME, CONTENT)
    assert len(list(store.objects.all())) == 1


@pytest.mark.parametrize(("first", "length"), [(0, 10), (100, 300), (2_559_000, 5_000), (5, 0)])
def test_a_part_is_read_without_the_rest(store, first, length):
    digest = blobs.store(HOME, CONTENT)
    assert b"".join(blobs.chunks(HOME, digest, first, length)) == CONTENT[first : first + length]


def test_a_damaged_object_is_told_of_and_healed(store):
    digest = blobs.store(HOME, CONTENT)
    (kept,) = store.objects.all()
    kept.put(Body=CONTENT[:-1])
    with pytest.raises(blobs.Damaged):
        blobs.read(HOME, digest)
    blobs.store(HOME, CONTENT)
    assert blobs.read(HOME, digest) == CONTENT


def test_what_is_not_there_is_missing(store):
    with pytest.raises(blobs.Missing):
        blobs.read(HOME, "0" * 64)
    with pytest.raises(blobs.Missing):
        blobs.size_of(HOME, "0" * 64)
    assert not blobs.is_there(HOME, "0" * 64)


def test_the_check_looks_into_the_bucket(store, organisation):
    organisation.logo = blobs.store(organisation.uid, b"logo")
    organisation.save()
    nobodys = blobs.store(organisation.uid, b"nobody's")
    report = checking.check(organisation)
    assert (report.sound, report.unreferenced, report.is_sound) == (2, [nobodys], True)
    hour_ago, in_an_hour = (clock.now() + timedelta(hours=hours) for hours in (-1, 1))
    assert not blobs.remove(organisation.uid, organisation.logo, stored_before=hour_ago)
    assert blobs.is_there(organisation.uid, organisation.logo)
    assert blobs.remove(organisation.uid, organisation.logo, stored_before=in_an_hour)
    assert blobs.remove(organisation.uid, organisation.logo, stored_before=in_an_hour)
    assert list(checking.check(organisation).missing) == [organisation.logo]
    assert checking.clear_incoming() == 0
