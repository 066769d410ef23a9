"""A person's page is made of sections, and each room adds its own:

sections.register("certificates", certificates_of)     # in `registered.py`
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from milepost.core.registry import Registry
from milepost.people.models import Member


@dataclass(frozen=True)
class Section:
    """A part of a person's page: a template and what it shows."""

    template: str
    context: dict[str, Any]


sections: Registry[Callable[[Member], Section]] = Registry("section of a person's page")


def sections_of(member: Member) -> list[Section]:
    """The sections of a person's page, in the order of the rooms."""
    return [section(member) for section in sections.all()]
