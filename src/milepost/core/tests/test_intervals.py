import itertools

from hypothesis import given
from hypothesis import strategies as st

from milepost.core.intervals import clip, measure, union

moments = st.integers(0, 500).map(float)
intervals = st.lists(st.tuples(moments, moments), max_size=30)


@given(intervals)
def test_merging_again_changes_nothing(ranges):
    assert union(union(ranges)) == union(ranges)


@given(intervals, st.randoms())
def test_the_order_in_which_ranges_arrive_does_not_matter(ranges, chance):
    mixed = list(ranges)
    chance.shuffle(mixed)
    assert union(mixed) == union(ranges)


@given(intervals, intervals)
def test_beats_may_be_merged_in_any_grouping(one, other):
    assert union([*union(one), *other]) == union([*one, *other])


@given(intervals)
def test_every_second_counts_once(ranges):
    seconds = {second for start, end in ranges for second in range(int(start), int(end))}
    assert measure(ranges) == len(seconds)


@given(intervals, moments)
def test_what_lies_beyond_the_end_does_not_count(ranges, end):
    assert all(0 <= start < stop <= end for start, stop in clip(ranges, end=end))


@given(intervals)
def test_merged_ranges_are_sorted_and_apart(ranges):
    merged = union(ranges)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(merged))
