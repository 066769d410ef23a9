"""`python scripts/make_vectors.py`: make the test vectors of docs/dossier-format.md anew, in tests/vectors/.

Nothing in them is left to chance: what did not change stays the same to the byte.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "tests/vectors"
HEAD = """# Test vectors

Small files of every kind that Milepost gives out, with the verdict that a verifier must give: [docs/dossier-format.md](../../docs/dossier-format.md).
Made by `python scripts/make_vectors.py`; held against both verifiers by `tests/test_vectors.py`.

`vectors.json` is a list for programs. Of each: `file`; `options`, what the verifier is told beside it (`key`: fingerprints, one of which it must be;
`witness`: keys of all that must have cosigned; `policy`, `tsa`, `earlier`, `published`, `issuer_keys`, `status_list`: files here); `status`, the exit status that it must end with; `words`, a
part of the reason that ours gives (others may say it in other words); `why`; and `less`, where the small verifier of our tests checks less and finds nothing.

The keys in these files are made from seeds that stand in `scripts/vectors/fixed.py`. Everybody has them: they are for tests, and prove nothing.

| file | told beside it | status | why |
| --- | --- | --- | --- |
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {
            "MILEPOST_DATA": data,
            "MILEPOST_SECRET_KEY": "only-for-tests-" + "x" * 40,
            "MILEPOST_BASE_URL": "https://learn.aldermoor.example",
            "DJANGO_SETTINGS_MODULE": "milepost.config.settings",
        }
        import django

        django.setup()
        from vectors.fixed import chance

        from milepost.config import new_database

        new_database.fill()
        with chance():
            from vectors.story import told
            from vectors.tampering import changed

            files = told()
        _write(files | changed(files))


def _write(files: Mapping[str, bytes]) -> None:
    from vectors.story import WITNESSES, authority, policy
    from vectors.tampering import fingerprints
    from vectors.verdicts import VECTORS

    for old in TARGET.iterdir():
        old.unlink()
    names = {"key": fingerprints(files), "witness": {name: str(key) for name, key in WITNESSES.items()}}
    everything = {**files, "two-of-three.policy": policy(), "authority.pem": authority()}
    beside = {
        "authority.pem",
        "jwks.json",
        "keys.json",
        "keys-revoked-earlier.json",
        "revoked-badges.jwt",
        "two-of-three.policy",
    }
    unknown = everything.keys() ^ beside ^ {vector.file for vector in VECTORS}
    assert not unknown, unknown  # noqa: S101
    for name, content in everything.items():
        (TARGET / name).write_bytes(content)
    rows: list[dict[str, Any]] = []
    for vector in VECTORS:
        options = {
            name: [names[name][one] for one in told] if name in names else told for name, told in vector.options.items()
        }
        row = {
            "file": vector.file,
            "options": options,
            "status": vector.status,
            "words": vector.words,
            "why": vector.why,
        }
        rows.append(row | ({"less": vector.less} if vector.less else {}))
    (TARGET / "vectors.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    (TARGET / "README.md").write_text(HEAD + "".join(_lines(VECTORS)))


def _lines(vectors: list[Any]) -> Iterator[str]:
    for _file, same in groupby(vectors, key=lambda vector: vector.file):
        for vector in same:
            told = "; ".join(
                f"{name}: {each if isinstance(each, str) else ', '.join(each)}" for name, each in vector.options.items()
            )
            yield f"| `{vector.file}` | {told} | {vector.status} | {vector.why} |\n"


if __name__ == "__main__":
    main()
