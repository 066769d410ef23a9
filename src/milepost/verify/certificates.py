"""Which certificates stand, as facts tell it."""

from collections.abc import Collection, Iterator
from typing import Any

from .attendance import Attendance
from .learning import Learning, Rows, round_of
from .sessions import Account


class Certificates:
    """Which certificates stand, by what facts say: those that were issued, and neither revoked nor replaced by another.

    `differences` are certificates that state other hours than the facts before them, which is not for a program to judge.
    """

    STATED = ("title", "begun", "completed", "minutes_at_a_distance", "minutes_live", "score", "valid_until")

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.early: list[tuple[str, str]] = []  # whose were issued before the course was completed, and when
        self._issued: dict[str, dict[str, Any]] = {}
        self._differ: set[str] = set()
        self._gone: dict[str, tuple[str, str]] = {}  # when, and why

    def hear(self, fact: dict[str, Any], learning: Learning, account: Account, told: Attendance) -> None:
        """Take the next fact; those about anything else say nothing here. The others have taken all before it."""
        if fact["object"].get("type") != "certificate":
            return
        uid = fact["object"]["id"]
        if fact["verb"] == "issued":
            self._issued[uid] = fact
            if not learning.has_completed(fact["context"]["course"], fact["actor"]["id"], round_of(fact)):
                self.early.append((fact["actor"]["name"], fact["time"]))
            if replaced := fact["context"].get("replaces"):
                self._gone[replaced] = (fact["time"], f"replaced by {uid}")
            self._compare(fact, learning, account, told)
        elif fact["verb"] == "revoked":
            self._gone[uid] = (fact["time"], fact["result"]["reason"])

    def stands(self, uid: str) -> bool:
        """Whether it was issued, and neither revoked nor replaced."""
        return uid in self._issued and uid not in self._gone

    def course_of(self, uid: str) -> str:
        """The course for which it was issued."""
        return str(self._issued[uid]["context"]["course"])

    def standing(self, course: str, person: str) -> dict[str, Any] | None:
        """What the person's newest certificate for the course states, if one stands."""
        for uid, fact in reversed(self._issued.items()):
            if self.stands(uid) and fact["context"]["course"] == course and fact["actor"]["id"] == person:
                return dict(fact.get("result") or {})
        return None

    def all_standing(self) -> list[dict[str, Any]]:
        """The facts that issued those which stand."""
        return [fact for uid, fact in self._issued.items() if uid not in self._gone]

    def hours_of_today(self, learning: Learning, account: Account, told: Attendance) -> Iterator[str]:
        """Those that stand and state other hours than all facts come to, which did so when they were issued: by how much."""
        for fact in self.all_standing():
            own, live = self._known(fact, learning, account, told)
            stated = fact.get("result") or {}
            pairs = ((own, stated.get("minutes_at_a_distance")), (live, stated.get("minutes_live")))
            off = sum(abs(known - said) for known, said in pairs if known is not None and said is not None)
            if off and fact["object"]["id"] not in self._differ:
                yield (
                    f"The certificate of {fact['actor']['name']} was right when it was issued; what was corrected since "
                    f"makes {off} minutes of difference."
                )

    def twice(self) -> dict[str, Any] | None:
        """The fact that gave somebody a second one for the same round of a course while the first still stands, if there is one."""
        seen: set[tuple[str, str, int]] = set()
        for statement in (told for uid, told in self._issued.items() if uid not in self._gone):
            key = (statement["actor"]["id"], statement["context"]["course"], round_of(statement))
            if key in seen:
                return statement
            seen.add(key)
        return None

    def certificates(self, course: str, people: Collection[str]) -> Rows:
        """records/certificates.csv, by certificate."""

        def row(uid: str) -> dict[str, str]:
            fact = self._issued[uid]
            ended_at, why = self._gone.get(uid, ("", ""))
            stated = {name: str(fact["result"].get(name, "")) for name in self.STATED}
            whose = {"certificate": uid, "person": fact["actor"]["id"], "issued_at": fact["time"]}
            return whose | stated | {"ended_at": ended_at, "why": why}

        theirs = (
            uid
            for uid, fact in self._issued.items()
            if fact["context"]["course"] == course and fact["actor"]["id"] in people
        )
        return {(uid,) for uid in theirs}, row

    def _compare(self, fact: dict[str, Any], learning: Learning, account: Account, told: Attendance) -> None:
        stated = fact.get("result") or {}
        own, live = self._known(fact, learning, account, told)
        for words, known, name in (("in their own time", own, "minutes_at_a_distance"), ("live", live, "minutes_live")):
            if known is not None and name in stated and stated[name] != known:
                self._differ.add(fact["object"]["id"])
                self.differences.append(
                    f"The certificate of {fact['actor']['name']} states {stated[name]} minutes {words}; "
                    f"the facts before it come to {known}."
                )

    @staticmethod
    def _known(
        fact: dict[str, Any], learning: Learning, account: Account, told: Attendance
    ) -> tuple[int | None, int | None]:
        """The minutes in their own time and live that the facts heard so far come to; None where they do not tell."""
        person, context = fact["actor"]["id"], fact["context"]
        own = learning.minutes_at_a_distance(context["course"], person, context.get("version", 0), round_of(fact))
        span = learning.span(context["course"], person, round_of(fact))
        return own, account.minutes_live(context["course"], person, told, context.get("action", ""), span)
