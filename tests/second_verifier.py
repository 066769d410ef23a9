"""The second verifier of what Milepost gives out (tests/node/verifier/), as tests ask it: many files in one process."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from programs import MissingProgram, run

MANY = Path(__file__).parent / "node/verifier/many.mjs"


def answers(commands: Iterable[Sequence[str]]) -> list[tuple[int, str]]:
    """Of each command's words the exit status and what was said."""
    words = json.dumps([list(words) for words in commands])
    try:
        done = run("node", MANY, input=words, capture_output=True, text=True, check=True)
    except MissingProgram as missing:
        pytest.skip(f"{missing} Then a second verifier looks at the vectors, too.")
    return [(status, said) for status, said in json.loads(done.stdout)]
