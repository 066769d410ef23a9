"""The test vectors of docs/dossier-format.md: what `milepost verify`, and a second verifier, must say of each."""

import json
from pathlib import Path

import pytest

from milepost import verify as verifier
from tests.second_verifier import answers

FOLDER = Path(__file__).parent / "vectors"
VECTORS = json.loads((FOLDER / "vectors.json").read_text())


def options_of(vector):
    """As a command takes them."""
    for name, told in vector["options"].items():
        option = f"--{name.replace('_', '-')}"
        for one in [told] if isinstance(told, str) else told:
            yield from (option, str(FOLDER / one) if isinstance(told, str) else one)


def name_of(vector):
    return " ".join([vector["file"], *vector["options"]])


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_verify_gives_the_verdict_of_each_vector(vector):
    said = []
    status = verifier.main([str(FOLDER / vector["file"]), *options_of(vector)], say=said.append)
    assert (status, vector["words"] in "\n".join(said)) == (vector["status"], True), "\n".join(said)


def test_a_second_verifier_that_was_written_from_the_document_gives_the_same_verdicts():
    """Where it checks less, the vector says so, and it finds nothing."""
    commands = [[str(FOLDER / vector["file"]), *options_of(vector)] for vector in VECTORS]
    for vector, (status, said) in zip(VECTORS, answers(commands), strict=True):
        assert status == (3 if "less" in vector else vector["status"]), (name_of(vector), said)
