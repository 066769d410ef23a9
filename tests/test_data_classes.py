"""What is kept has a class: docs/data.md names each column of text, and a new one without a class fails here."""

import re
from pathlib import Path

from django.apps import apps
from django.db import models

from milepost.core.encryption import EncryptedField
from tests.test_secrets import HASHED

DOCUMENT = (Path(__file__).parent.parent / "docs/data.md").read_text()
CLASSES = re.findall(r"^\| \*\*(\w+)\*\* \|", DOCUMENT, re.MULTILINE)
ROWS = re.findall(r"^\| `([\w.]+)` \| (.+) \| (\w+) \|$", DOCUMENT, re.MULTILINE)
KINDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField)


def told():
    """Of each model, the classes of its columns, by their names."""
    found = {}
    for label, columns, _rest in ROWS:
        parts = (part.partition(": ") for part in columns.split("; ") if part != "–")
        found[label] = [(name, kind) for kind, _, names in parts for name in re.findall(r"`(\w+)`", names)]
    return found


def kept():
    """Of each model, the columns that can hold words."""
    for model in apps.get_models(include_auto_created=True):
        if not model.__module__.startswith("tests.") and not model._meta.app_label.endswith("_for_tests"):
            fields = [field for field in model._meta.local_concrete_fields if isinstance(field, KINDS)]
            yield (
                model._meta.label,
                {field.name: field for field in fields if not field.primary_key or field.name == "session_key"},
            )


def test_every_model_and_every_column_of_words_has_one_class():
    documented = told()
    assert len(CLASSES) == 6
    assert {kind for columns in documented.values() for _name, kind in columns} | {rest for *_row, rest in ROWS} == set(
        CLASSES
    )
    there = dict(kept())
    assert documented.keys() == there.keys()
    assert len(ROWS) == len(documented)
    for label, columns in documented.items():
        assert sorted(name for name, _kind in columns) == sorted(there[label]), label


def test_whatever_opens_something_by_its_kind_is_told_as_such():
    documented = {f"{label}.{name}": kind for label, columns in told().items() for name, kind in columns}
    encrypted = {
        f"{label}.{name}"
        for label, columns in kept()
        for name, field in columns.items()
        if isinstance(field, EncryptedField)
    }
    assert encrypted
    assert {name: documented[name] for name in encrypted | HASHED.keys() if documented[name] != "opens"} == {}
