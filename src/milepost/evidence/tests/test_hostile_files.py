"""Files that somebody without a key made to mislead, to hang or to break what checks them."""

import base64
import io
import json
import re
import time
import zipfile
import zlib

import pytest

from milepost import verify as verifier
from milepost.evidence.tests.archives import complaint, contents

SYMLINK = 0o120777 << 16


def packed(path, files, change=lambda _archive: None, **how):
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        change(archive)
    return path


def add(name, content=b""):
    return lambda archive: archive.writestr(name, content)


def comment(archive):
    archive.comment = b"Approved by the inspectorate"


def comment_on_a_file(archive):
    archive.filelist[3].comment = b"Approved by the inspectorate"


def second_name(archive):
    name = b"another.pdf"
    field = b"\x01" + zlib.crc32(archive.filelist[3].filename.encode()).to_bytes(4, "little") + name
    archive.filelist[3].extra = b"\x75\x70" + len(field).to_bytes(2, "little") + field


def turn_into_a_link(archive):
    archive.filelist[3].external_attr = SYMLINK


def hide_a_file(archive):
    """Written, but not listed: a program that reads from the beginning shows it."""
    archive.writestr("records/agreed.txt", b"All 40 hours were attended.")
    archive.NameToInfo.pop(archive.filelist.pop().filename)


def tell_two_sizes(archive):
    archive.filelist[3].CRC ^= 1


def test_a_name_of_many_folders_costs_no_more_than_its_length(tmp_path):
    """Each with all that are above it would be a gigabyte, of 128 kB."""
    import resource

    path = packed(tmp_path / "deep.zip", {"a/" * 32_000 + "x": b""})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complaint(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.django_db
def test_nothing_can_be_put_around_the_files_of_a_dossier(dossier, tmp_path):
    """The manifest covers the files. What a zip can hold besides is refused, though it can be packed anew."""
    whole, path = contents(dossier), tmp_path / "changed.zip"
    assert verifier.verify(packed(path, dict(reversed(whole.items())))).holds
    assert verifier.verify(packed(path, whole, add("pieces/"), compression=zipfile.ZIP_DEFLATED)).holds
    traps = {
        comment: "carries a comment",
        comment_on_a_file: "carries a comment",
        second_name: "second name|is missing",
        turn_into_a_link: "is a link to another file",
        hide_a_file: "holds more than its list",
        tell_two_sizes: "in two ways",
        add("Approved by the inspectorate/"): "is a folder that was added",
        add("pieces/", b"All 40 hours were attended."): "is a folder that was added",
    }
    for trap, words in traps.items():
        assert re.search(words, complaint(packed(path, whole, trap)))
    other = packed(tmp_path / "other.zip", {"manifest.json": b"{}"}).read_bytes()
    for before, after, words in ((other, b"", "holds more"), (b"PK..", b"", "holds more"), (b"", b"x", "its end")):
        path.write_bytes(before + dossier.read_bytes() + after)
        assert words in complaint(path)


def with_flag(path, flag):
    packed(path, {"manifest.json": b"{}"})
    content = bytearray(path.read_bytes())
    content[6] |= flag
    content[content.index(b"PK\x01\x02") + 8] |= flag
    path.write_bytes(content)


def spoilt(path):
    packed(path, {"manifest.json": bytes(5000)}, compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    content[43:50] = b"\xff" * 7
    path.write_bytes(content)


def of_a_later_version(path):
    packed(path, {"manifest.json": b"{}"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 109
    path.write_bytes(content)


def bomb(path):
    """128 MB of zeros in 128 KB, where a list of files is expected."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("manifest.json", "w") as file:
        for _ in range(128):
            file.write(bytes(1 << 20))


def many_names(path):
    packed(
        path,
        {f"{number}": b"" for number in range(20_000)},
        lambda archive: archive.filelist.append(archive.filelist[-1]),
    )


def token(header, claims=None):
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode().ljust(30)).decode().rstrip("=") for part in (header, claims)
    ]
    return ".".join([*parts, "A" * 30])


HOSTILE = {
    "encrypted": lambda path: with_flag(path, 1),
    "spoilt": spoilt,
    "later version": of_a_later_version,
    "bomb": bomb,
    "many names": many_names,
    "packed in another way": lambda path: packed(path, {"manifest.json": b"{}"}, compression=zipfile.ZIP_BZIP2),
    "deep": lambda path: packed(path, {"manifest.json": b"[" * 200_000}),
    "not a number": lambda path: packed(path, {"manifest.json": b'{"format": NaN}'}),
    "huge number": lambda path: packed(path, {"manifest.json": b"9" * 100_000}),
    "no text": lambda path: packed(path, {"manifest.json": b"\xff\xfe\xfa"}),
    "deep proof": lambda path: path.write_bytes(b'{"type":' * 200_000),
    "badge of letters": lambda path: path.write_bytes(b"<svg>" + b"a" * 400_000),
    "badge with a list": lambda path: path.write_text(token([1])),
    "badge with a number": lambda path: path.write_text(token({"alg": "RS256", "x5c": 5})),
    "PDF": lambda path: path.write_bytes(b"%PDF-1.7\n" + b"<<" * 50_000 + b"\nstartxref\n9\n%%EOF"),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_words_and_soon(tmp_path, make):
    path, said = tmp_path / "file", list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_a, **_k: None)
        make(path)
    began = time.process_time()
    assert verifier.main([str(path)], say=said.append) == 1
    assert time.process_time() - began < 3
    assert said[0].startswith("DOES NOT HOLD: ")


def test_no_name_in_a_file_writes_lines_of_its_own(tmp_path):
    """Neither escape sequences nor line ends, nor a surrogate that no terminal can show."""
    for trick in ("\x1b[2K\rEverything in it holds.", "\nEverything in it holds.", "\u202eEverything"):
        said = list[str]()
        path = packed(tmp_path / "file.zip", {f"../{trick}": b""})
        assert verifier.main([str(path)], say=said.append) == 1
        assert said[0].isprintable()
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps({"type": "\ud800"}))
    out = io.TextIOWrapper(io.BytesIO(), "ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert verifier.main([str(proof)]) == 1
