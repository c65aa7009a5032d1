"""The tree, against what others have published, and against what it must hold for any leaves."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.records.receipts.merkle import leaf_hash, path, root, root_along

# The entries and roots that Certificate Transparency's implementations are tested with, for 1 to 8 entries.
ENTRIES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
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
PATHS = {
    0: [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    5: [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
LEAVES = [leaf_hash(entry) for entry in ENTRIES]

trees = st.lists(st.binary(max_size=4), min_size=1, max_size=70).map(lambda data: [leaf_hash(each) for each in data])


@pytest.mark.parametrize("size", range(1, 9))
def test_a_root_is_the_published_one(size):
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_published_root():
    assert root([]) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("index", PATHS)
def test_a_path_is_the_published_one(index):
    assert [each.hex() for each in path(LEAVES, index)] == PATHS[index]


@given(trees)
def test_every_leaf_comes_to_the_root_along_its_path(leaves):
    for index, leaf in enumerate(leaves):
        assert root_along(leaf, index, len(leaves), path(leaves, index)) == root(leaves)


@given(trees, st.data())
def test_no_other_place_size_leaf_or_path_comes_to_the_root(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    along, right = path(leaves, index), root(leaves)
    other = data.draw(st.integers(0, len(leaves) - 1))
    if other != index and leaves[other] != leaves[index]:
        assert root_along(leaves[other], index, len(leaves), along) != right
    assert root_along(leaves[index], index, len(leaves), [*along, leaves[0]]) is None
    if along:
        assert root_along(leaves[index], index, len(leaves), along[:-1]) is None
        at = data.draw(st.integers(0, len(along) - 1))
        changed = [bytes([each[0] ^ 1]) + each[1:] if n == at else each for n, each in enumerate(along)]
        assert root_along(leaves[index], index, len(leaves), changed) != right
    assert root_along(leaves[index], len(leaves), len(leaves), along) is None
    assert root_along(leaves[index], -1, len(leaves), along) is None


@given(trees.filter(lambda leaves: len(leaves) > 1))
def test_an_inner_node_cannot_be_passed_off_as_an_entry(leaves):
    """The second preimage that trees without prefixes have: an entry that consists of two hashes."""
    assert leaf_hash(leaves[0] + leaves[1]) != root(leaves[:2])


@given(trees, st.randoms(use_true_random=False))
def test_another_order_has_another_root(leaves, chance):
    mixed = chance.sample(leaves, len(leaves))
    assert (root(mixed) == root(leaves)) == (mixed == leaves)
