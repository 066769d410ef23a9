"""Two people at once, with real connections: what happens once, happens once, and what is counted is what is there.

A `Race` is told by the modules `races_of_…`; `tests.races` has them all. Each makes six pairs, thirty with `make
thorough` (on SQLite two, five); both of a pair wait at a barrier, and go. All run in one process with a database of its
own, one after the other as their names are asked for.
"""

import json
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from django.db import connection

from milepost.core.refusals import Refused
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.people.models import Member, Organisation
from milepost.people.organisations import create_organisation
from tests.thorough import IS_THOROUGH
from tests.worlds import make_member, make_people

# SQLite lets one writer in at a time: what is checked before its turn is all that can go wrong there, and does at once.
OF_A_DAY, OF_ALL = (6, 30) if connection.vendor == "postgresql" else (2, 5)
PAIRS = OF_ALL if IS_THOROUGH else OF_A_DAY
Act = Callable[[], object]
type Pair = tuple[list[Act], Callable[[list[str]], None]]
_numbers = count(1)


@dataclass(frozen=True)
class Race:
    """`make` makes a world once; `pair` tells what is done at once in it, and what must be so afterwards.

    What is done at once need not be a pair: where many press at the same moment, fewer `turns` tell as much.
    """

    make: Callable[[], Any]
    pair: Callable[[Any], Pair]
    turns: int = PAIRS


def serve(races: Mapping[str, Race]) -> None:
    """Run the race of each name that comes by standard input; a line for each says how many pairs were right."""
    if not IS_THOROUGH:
        keys._new_private_key = cache(keys._new_private_key)  # a second each, and no race is about how one is made
    for name in sys.stdin:
        try:
            told = run(races[name.strip()])
        except Exception:
            told = traceback.format_exc()
        print(json.dumps(told), flush=True)


def run(race: Race) -> str:
    done = Counter[str]()
    wrong: list[str] = []
    world = race.make()
    for turn in range(race.turns):
        acts, count_up = race.pair(world)
        answers = at_once(acts)
        done.update(answers)
        try:
            count_up(answers)
        except AssertionError as error:
            wrong.append(f"pair {turn}: {error}")
    return f"{race.turns - len(wrong)} of {race.turns} pairs right; {dict(done)} {wrong[:3]}"


def at_once(acts: list[Act]) -> list[str]:
    """Do these in threads of their own at the same moment; what each answered: "done", or the name of a refusal or fault."""
    barrier = threading.Barrier(len(acts))
    answers = [""] * len(acts)

    def one(at: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            acts[at]()
            answers[at] = "done"
        except Exception as error:
            answers[at] = (
                type(error).__name__ if isinstance(error, Refused) else f"FAULT {type(error).__name__}: {error}"
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def no_fault(answers: list[str]) -> None:
    assert not [one for one in answers if one.startswith("FAULT")], answers


def facts(verb: str, object_id: object) -> int:
    return Entry.objects.filter(verb=verb, object_id=str(object_id)).count()


def house(people: int = 6) -> tuple[Organisation, Member, list[Member]]:
    """A new organisation with an owner who leads, and people without accounts."""
    organisation = create_organisation(slug=f"house-{next(_numbers)}", name="House")
    lead = make_member(organisation, "claire", roles=["lead", "owner"])
    make_people(organisation, people)
    return organisation, lead, list(Member.objects.filter(organisation=organisation, user=None).order_by("pk"))
