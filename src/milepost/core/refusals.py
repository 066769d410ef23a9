"""Refusals: what a verb answers when it will not do what was asked, and the one place where each reader is told.

A refusal is an answer, not a fault: the person reads a sentence that says what is in the way and what to do next.

    class SlotClosed(Refused):                           # the trainer closed the half-day
        sentence = gettext_lazy("The trainer has closed this half-day. Ask the trainer or the training team.")

    raise SlotClosed                                     # says its own sentence
    raise InvalidSession(_("It ends before it starts."), field="ends_at")

`code` is the class's name as words joined with hyphens (`slot-closed`): what programs hold on to, while sentences change.
Nobody turns a refusal into words of their own. A view shows it where the person looks, or lets it fly:

    except Refused as refused:
        add_to_form(refused, form)                       # at the input, or above the form
        complaints = complaints_of(refused, "email")     # at the input of a form written by hand

    with as_message(request):                            # on the page that comes next
        withdraw(request=asked, by=request.member)
        messages.success(request, _("Withdrawn."))
    return redirect(...)

One that nobody caught is a page, a part of a page (htmx) or problem details (RFC 9457) through
`milepost.design.refusals.RefusalMiddleware`, and exit status 1 with its sentence through `milepost.cli`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, JsonResponse
from django.utils.functional import Promise

if TYPE_CHECKING:  # the command line knows refusals before it loads forms
    from django.forms import BaseForm


class Refused(ValueError):
    """Something was asked that is not done, and nothing was changed. `field` names the input at fault, if it is one.

    A subclass is named after what went wrong for the person, and gives its `sentence` or is raised with one.
    `status` is the HTTP status with which it is told (RFC 9110, section 15.5): 409 by default, since the request was
    understood and something stands in its way. `retry_after` says in seconds when asking again may help (section 10.2.3).
    """

    sentence: ClassVar[str | Promise] = ""
    status: ClassVar[int] = 409
    retry_after: ClassVar[int] = 0

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


def add_to_form(refused: Refused, form: "BaseForm", *, field: str = "") -> None:
    """Show the refusal where its input is, or above the form; `field` is where one without a field of its own goes."""
    name = refused.field or field
    form.add_error(name if name in form.fields else None, str(refused))


def complaints_of(refused: Refused, otherwise: str) -> dict[str, str]:
    """The refusal for a form written by hand, whose inputs show it where they are: a sentence by the id of the input.

    `otherwise` is the input of one without a field of its own.
    """
    return {refused.field or otherwise: str(refused)}


@contextmanager
def as_message(request: HttpRequest) -> Iterator[None]:
    """Show a refusal inside the block as a message on the page that comes next, and go on after the block."""
    try:
        yield
    except Refused as refused:
        messages.error(request, str(refused))


def as_problem(refused: Refused) -> dict[str, Any]:
    """The refusal as problem details (RFC 9457, section 3.1); `code` and `field` are extension members."""
    problem: dict[str, Any] = {"title": str(refused), "status": refused.status, "code": refused.code}
    return problem | {"field": refused.field} if refused.field else problem


def problem_response(refused: Refused) -> JsonResponse:
    """The problem details as a response, for views that speak JSON."""
    return JsonResponse(as_problem(refused), status=refused.status, content_type="application/problem+json")
