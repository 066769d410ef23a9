"""Two verifiers that know nothing of each other say the same of whatever chance, and somebody with the key, make of a dossier."""

import copy
import json
import random

from vectors.tampering import as_json, as_the_insider
from vectors.zips import contents, packed

from milepost import verify as verifier
from tests.second_verifier import answers
from tests.test_vectors import FOLDER
from tests.thorough import IS_THOROUGH

CASES = 400 if IS_THOROUGH else 16


def places_in(value, path=()):
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, name)
        yield from places_in(value[name], (*path, name))


def altered(value):
    match value:
        case bool():
            return not value
        case str():
            return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
        case int() | float():
            return value + 1
        case list():
            return value[::-1] if len(value) > 1 else [*value, 0]
        case _:
            return "" if value is None else {}


def changed(value, chance):
    """Something in it is another, gone, there twice, of another type, or more than it was."""
    value = copy.deepcopy(value)
    *path, name = chance.choice(list(places_in(value)))
    around = value
    for step in path:
        around = around[step]
    match chance.choice(["altered", "altered", "gone", "twice", "type", "more"]):
        case "altered":
            around[name] = altered(around[name])
        case "gone":
            del around[name]
        case "twice" if isinstance(around, list):
            around.insert(name, around[name])
        case "type":
            around[name] = None if isinstance(around[name], list) else [around[name]]
        case _ if isinstance(around, dict):
            around["more"] = None
    return value


def dossier_by(chance):
    """One of the vectors with one file in it changed, and the manifest signed anew."""
    name, by = chance.choice([("plain.zip", "organisation"), ("doubted.zip", "organisation"), ("receipt.zip", "next")])
    files = contents((FOLDER / name).read_bytes())
    which = chance.choice(
        [name for name in files if name.endswith((".json", ".jsonl")) and name.startswith(("j", "k", "r"))]
    )
    if which.endswith(".jsonl"):
        lines = changed([json.loads(line) for line in files[which].splitlines()], chance)
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    else:
        content = as_json(changed(json.loads(files[which]), chance))
    return which, packed(as_the_insider(files | {which: content}, by))


def test_both_give_one_verdict_on_what_chance_makes_of_a_dossier(tmp_path):
    paths = []
    for number in range(CASES):
        which, content = dossier_by(random.Random(number))
        paths.append(tmp_path / f"{number}-{which.replace('/', '-')}.zip")
        paths[-1].write_bytes(content)
    said = [verifier.main([str(path)], say=lambda _line: None) for path in paths]
    for path, status, (other, words) in zip(paths, said, answers([str(path)] for path in paths), strict=True):
        assert other == status, (path.name, words)
