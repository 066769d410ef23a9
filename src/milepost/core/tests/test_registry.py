import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.core.registry import NotRegistered, RegisteredTwice, Registry


@given(st.lists(st.text(min_size=1), unique=True))
def test_what_is_registered_comes_back_by_name_and_in_order(names):
    registry: Registry[int] = Registry("number")
    for at, name in enumerate(names):
        assert registry.register(name, at) == at
    assert registry.names() == names
    assert registry.all() == list(range(len(names)))
    assert [registry.get(name) for name in names] == registry.all()
    assert all(name in registry for name in names)


def test_two_things_under_one_name_fail_when_the_process_starts():
    registry: Registry[str] = Registry("kind of activity")
    registry.register("quiz", "one")
    with pytest.raises(RegisteredTwice, match="kind of activity “quiz” already"):
        registry.register("quiz", "another")
    assert registry.get("quiz") == "one"


def test_a_name_that_nobody_brought_is_told_with_those_that_there_are():
    registry: Registry[str] = Registry("channel")
    with pytest.raises(NotRegistered, match="none yet"):
        registry.get("pigeon")
    registry.register("email", "e")
    with pytest.raises(NotRegistered, match=r"no channel “pigeon” \(there are: email\)"):
        registry.get("pigeon")


def test_what_a_test_brings_is_gone_afterwards_even_when_the_test_fails():
    registry: Registry[str] = Registry("report")
    with pytest.raises(ZeroDivisionError), registry.holding("mine", "m"):
        assert registry.get("mine") == "m"
        raise ZeroDivisionError
    assert "mine" not in registry
