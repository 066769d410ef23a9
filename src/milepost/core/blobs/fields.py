"""Fields that name files of the organisation: what refers to a blob is read off the models, and off nothing else.

The database sees the plain field under each of them, so that making one of an existing column takes no migration.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:  # Django's fields are generic for the type checker alone
    _Text = models.CharField[str, str]
    _JSON = models.JSONField[Any, Any]
else:
    _Text, _JSON = models.CharField, models.JSONField

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class NamesBlobs(ABC):
    """What both fields say: `of` leads from a row to its organisation's key (`pk` in the organisation itself)."""

    of = "organisation"

    @abstractmethod
    def digests_in(self, value: Any) -> Iterator[str]:
        """The digests that a value of this field names."""


class BlobField(_Text, NamesBlobs):
    """The SHA-256 of a blob; the empty text names none."""

    def __init__(self, *args: Any, of: str = "organisation", **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 64} | kwargs)
        self.of = of

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def digests_in(self, value: Any) -> Iterator[str]:
        if value:
            yield value


class BlobsJSONField(_JSON, NamesBlobs):
    """JSON in which the SHA-256 of blobs stand, wherever it may be."""

    def __init__(self, *args: Any, of: str = "organisation", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def digests_in(self, value: Any) -> Iterator[str]:
        yield from digests_in(json.dumps(value))


def digests_in(text: str) -> list[str]:
    """Every SHA-256 in hexadecimal that stands in the text."""
    return _DIGEST.findall(text)
