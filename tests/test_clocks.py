"""A running Milepost whose clock jumps in all of its processes: nothing waits for a day that was shown by mistake."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import own_copy
from tests.sites import Site
from tests.thorough import IS_THOROUGH

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def site(prepared_environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clocks")
    with own_copy(prepared_environment, folder) as environment:
        site = Site(environment, folder)
        site.environment["PYTHONPATH"] += f":{Path(__file__).parent / 'clock_ahead'}"
        site.clock = folder / "clock"
        site.environment["CLOCK_AHEAD"] = str(site.clock)
        site.clock.write_text("0")
        with site:
            yield site


@pytest.mark.one_database("sqlite")  # both keep times alike
@pytest.mark.parametrize("jump", [DAY, *([3 * HOUR, -DAY] if IS_THOROUGH else [])])
def test_people_go_on_while_the_clock_is_wrong_and_nothing_waits_once_it_is_right(site, jump):
    with site.people() as people:
        site.until(lambda: len(people.acknowledged) > 5)
        for ahead in (jump, timedelta(0)):
            site.clock.write_text(str(ahead.total_seconds()))
            count = len(people.acknowledged)
            site.until(lambda count=count: len(people.acknowledged) > count + 20)
    site.is_whole(people)
    assert set(people.refusals) <= {"503"}
