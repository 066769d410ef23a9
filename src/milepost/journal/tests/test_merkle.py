"""The laws of RFC 9162, against its own definitions, known vectors, and an independent implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from milepost.journal import merkle
from milepost.journal.leaves import leaf_hash

# The eight leaves and the roots over 1 to 8 of them that Certificate Transparency's implementations share.
DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
sizes = st.integers(1, 300)


def leaves(count):
    return [leaf_hash(salt=b"", statement=bytes([number % 256, number // 256])) for number in range(count)]


def by_definition(hashes):
    """MTH of section 2.1.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(by_definition(hashes[:k]), by_definition(hashes[k:]))


def nodes_over(hashes):
    return lambda level, index: by_definition(hashes[index << level : (index + 1) << level])


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_trees_have_the_known_roots(size):
    frontier = merkle.Frontier()
    for data in DATA[:size]:
        frontier.append(leaf_hash(salt=b"", statement=bytes.fromhex(data)))
    assert frontier.root.hex() == ROOTS[size - 1]


def test_the_tree_without_leaves_has_the_hash_of_nothing_as_its_root():
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.Frontier().root.hex() == merkle.root(0, nodes_over([])).hex() == expected


@given(sizes)
def test_every_way_to_the_root_is_the_definition(size):
    hashes = leaves(size)
    frontier = merkle.Frontier()
    for leaf in hashes:
        frontier.append(leaf)
    assert frontier.root == merkle.root(size, nodes_over(hashes)) == by_definition(hashes)


@given(st.data(), sizes)
def test_every_leaf_is_proved_and_no_other_leaf_or_place_is(data, size):
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size))
    head = by_definition(hashes)
    path = merkle.inclusion_proof(index, size, nodes_over(hashes))
    assert merkle.is_included(hashes[index], index, size, path, head)
    assert not merkle.is_included(leaf_hash(salt=b"x", statement=b""), index, size, path, head)
    assert merkle.is_included(hashes[index], other, size, path, head) == (other == index)


@given(st.data(), sizes)
def test_a_damaged_path_proves_nothing(data, size):
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(index, size, nodes_over(hashes))
    head = by_definition(hashes)
    assert not merkle.is_included(hashes[index], index, size, [*path, head], head)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.is_included(hashes[index], index, size, [*path[:at], *path[at + 1 :]], head)
        changed = [*path[:at], bytes(32), *path[at + 1 :]]
        assert not merkle.is_included(hashes[index], index, size, changed, head)


@given(st.data(), sizes)
def test_a_tree_that_only_grew_is_consistent_and_one_that_changed_is_not(data, size):
    hashes = leaves(size)
    first = data.draw(st.integers(1, size))
    old, new = by_definition(hashes[:first]), by_definition(hashes)
    path = merkle.consistency_proof(first, size, nodes_over(hashes))
    assert merkle.is_consistent(first, old, size, new, path)
    assert not merkle.is_consistent(first, bytes(32), size, new, path)
    assert not merkle.is_consistent(first, old, size, bytes(32), path)
    assert not merkle.is_consistent(first, old, size, new, [*path, bytes(32)])


@given(st.data(), st.integers(1, 120))
def test_an_independent_implementation_makes_the_same_roots_and_paths(data, size):
    tree = InmemoryTree.init_from_entries([bytes([number]) for number in range(size)])
    hashes = [leaf_hash(salt=b"", statement=bytes([number])) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    theirs = tree.prove_inclusion(index + 1, size).serialize()["path"]
    assert tree.get_root(size) == by_definition(hashes)
    assert theirs[1:] == [step.hex() for step in merkle.inclusion_proof(index, size, nodes_over(hashes))]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index, size):
    with pytest.raises(IndexError):
        merkle.inclusion_proof(index, size, nodes_over(leaves(5)))
    assert merkle.root_from_inclusion(bytes(32), index, size, []) is None


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_from_nothing_or_backwards(first, second):
    with pytest.raises(IndexError):
        merkle.consistency_proof(first, second, nodes_over(leaves(5)))
    assert not merkle.is_consistent(first, bytes(32), second, bytes(32), [])


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1)))))
def test_many_leaves_at_once_lead_to_the_head_and_no_others_do(told):
    size, chosen = told
    hashes, indices = leaves(size), sorted(chosen)
    nodes = nodes_over(hashes)
    proof, head = merkle.multiproof(indices, size, nodes), merkle.root(size, nodes)
    shown = [(index, hashes[index]) for index in indices]
    assert merkle.root_from_multiproof(shown, size, proof) == head
    assert merkle.root_from_multiproof(shown, size, [*proof, head]) is None
    if shown:
        (index, leaf), *others = shown
        assert merkle.root_from_multiproof([(index, leaf[::-1]), *others], size, proof) != head
        assert merkle.root_from_multiproof(others, size, proof) != head
