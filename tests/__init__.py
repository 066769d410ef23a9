"""Tests across rooms. With this imported, facts of any organisation are recorded in a moved clock: nothing else can have that done."""

from milepost.core import clock

may_be_recorded = clock.may_be_recorded  # as it is where no tests run
clock.may_be_recorded = lambda **_of: True
