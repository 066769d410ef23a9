"""What can be asked of somebody: a file for each condition, and a registry to which higher rooms bring theirs.

    class CompletedCourse(Condition):                  # learning/audience_conditions.py
        name, label = "completed", gettext_lazy("Completed a course")
        facts = (COURSE_COMPLETED, COURSE_REOPENED)    # after which somebody may fit who did not, and the other way round

        def q(self, organisation, value, today): ...   # who fits, as a condition on members
        ...

    conditions.register(CompletedCourse())             # learning/registered.py

Values are JSON that anybody may have written: `check` refuses what is not right in words, and everything else is given what passed it.
"""

from milepost.audiences.conditions.condition import (
    MOST_CHOICES,
    Condition,
    Incomplete,
    OneOf,
    all_conditions,
    get,
    is_known,
    register,
)

__all__ = ["MOST_CHOICES", "Condition", "Incomplete", "OneOf", "all_conditions", "get", "is_known", "register"]
