"""Refusals: what a verb answers when it will not do what was asked, and the one place where each reader is told.

A refusal is an answer, not a fault: the person reads a sentence that says what is in the way and what to do next.

    class SlotClosed(Refused):                           # the trainer closed the half-day
        sentence = gettext_lazy("The trainer has closed this half-day. Ask the trainer or the training team.")

    raise SlotClosed                                     # says its own sentence
    raise InvalidSession(_("It ends before it starts."), field="ends_at")

`code` is the class's name as words joined with hyphens (`slot-closed`): what programs hold on to, while sentences change.
Pages, the command line and the API turn a refusal into their own words here and nowhere else: `add_to_form` for a form
that has the field, `as_problem` for JSON (RFC 9457, section 3), `milepost.design.refusals` for a whole page,
`milepost.cli` for an exit status.
"""

import re
from typing import Any, ClassVar

from django.forms import BaseForm
from django.utils.functional import Promise

EXIT_STATUS = 1  # of a command that was refused; 2 is click's, for words it doesn't know


class Refused(ValueError):
    """Something was asked that is not done, and nothing was changed. `field` names the input at fault, if it is one.

    A subclass is named after what went wrong for the person, and gives its `sentence` or is raised with one.
    `status` is the HTTP status with which it is told (RFC 9110, section 15.5): 409 by default, since the request was
    understood and something stands in its way.
    """

    sentence: ClassVar[str | Promise] = ""
    status: ClassVar[int] = 409

    def __init__(self, sentence: str | Promise = "", *, field: str = "") -> None:
        super().__init__(sentence)
        self._said = sentence
        self.field = field

    @property
    def code(self) -> str:
        """The refusal's name for programs: `SlotClosed` is `slot-closed`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(self).__name__).lower()

    def __str__(self) -> str:
        return str(self._said or self.sentence)


def add_to_form(refused: Refused, form: BaseForm, *, field: str = "") -> None:
    """Show the refusal where its input is, or above the form; `field` is where one without a field of its own goes."""
    name = refused.field or field
    form.add_error(name if name in form.fields else None, str(refused))


def as_problem(refused: Refused) -> dict[str, Any]:
    """The refusal as problem details (RFC 9457, section 3.1); `code` and `field` are extension members."""
    told: dict[str, Any] = {"title": str(refused), "status": refused.status, "code": refused.code}
    return told | {"field": refused.field} if refused.field else told
