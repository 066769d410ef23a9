"""The page of an action is made of panels, and rooms above add their own beside what evidence shows:

panels.register("euros", euros_of)     # in `registered.py`
"""

from collections.abc import Callable

from milepost.core.registry import Registry
from milepost.evidence.models import TrainingAction
from milepost.people.models import Member
from milepost.people.sections import Section

# By the action and whoever looks; None where there is nothing to show them.
panels: Registry[Callable[[TrainingAction, Member], Section | None]] = Registry("panel of an action's page")


def panels_of(action: TrainingAction, member: Member) -> list[Section]:
    """The panels of an action's page for this person, in the order of the rooms."""
    return [section for panel in panels.all() if (section := panel(action, member)) is not None]
