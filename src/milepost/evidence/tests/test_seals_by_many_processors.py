"""The seals of many PDFs are read by all processors, with the same answers in the same order."""

import os

import pytest

from milepost import verify as verifier
from milepost.verify import spread as spreading
from milepost.verify.report import Broken
from milepost.verify.spread import spread


@pytest.fixture
def several(monkeypatch):
    monkeypatch.setattr(spreading, "MANY", 3)
    monkeypatch.setattr(spreading, "processors", lambda: {0, 1})


def told(content):
    if content == b"bad":
        raise Broken("This one does not hold.")
    return content, os.getpid()


def test_answers_come_in_the_order_of_the_files_from_other_processes(several):
    files = [str(number).encode() for number in range(40)]
    answers = list(spread(told, iter(files)))
    assert [content for content, _process in answers] == files
    assert os.getpid() not in {process for _content, process in answers}


def test_few_are_read_here(several):
    assert list(spread(told, [b"1", b"2"])) == [(b"1", os.getpid()), (b"2", os.getpid())]


def test_what_does_not_hold_is_told_where_it_stands(several):
    answers = spread(told, [b"1", b"2", b"3", b"bad", b"5"])
    assert [next(answers)[0] for _number in range(3)] == [b"1", b"2", b"3"]
    with pytest.raises(Broken, match="does not hold"):
        next(answers)


def test_files_are_read_when_their_turn_is_near(several):
    read = []
    answers = spread(told, (read.append(number) or b"x" for number in range(1_000)))
    next(answers)
    assert len(read) < 10
    answers.close()


@pytest.mark.django_db
def test_a_dossier_is_told_the_same(dossier, several, monkeypatch):
    together = verifier.verify(dossier)
    monkeypatch.setattr(spreading, "MANY", 1_000)
    assert verifier.verify(dossier) == together
