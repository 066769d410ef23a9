"""Audiences that stand on audiences: in which order they are looked at, and that none stands on itself."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy

from milepost.audiences.models import Audience
from milepost.audiences.rules import Rule, audiences_in
from milepost.core.refusals import Refused


class StandsOnItself(Refused):
    """An audience would ask whether somebody is in it, be it through others."""

    sentence = gettext_lazy("This audience would stand on itself: one that it names is made of it.")
    status = 400


def in_order(audiences: Iterable[Audience]) -> list[Audience]:
    """Each after those that it stands on; one that is not among them is passed over."""
    by_uid = {str(audience.uid): audience for audience in audiences}
    ordered: dict[str, Audience] = {}

    def visit(uid: str) -> None:
        trail = [(uid, iter(audiences_in(by_uid[uid].rule)))]
        seen = {uid}
        while trail:
            here, below = trail[-1]
            further = next((one for one in below if one in by_uid and one not in seen and one not in ordered), None)
            if further is None:
                ordered[here] = by_uid[here]
                trail.pop()
            else:
                seen.add(further)
                trail.append((further, iter(audiences_in(by_uid[further].rule))))

    for uid in by_uid:
        if uid not in ordered:
            visit(uid)
    return list(ordered.values())


def refuse_circle(uid: str, rule: Rule, others: Mapping[str, Rule]) -> None:
    """Raise `StandsOnItself` if the audience of this uid, with this rule, would stand on itself among the others."""
    waiting, seen = audiences_in(rule), set()
    while waiting:
        one = waiting.pop()
        if one == uid:
            raise StandsOnItself
        if one not in seen and one in others:
            seen.add(one)
            waiting += audiences_in(others[one])
