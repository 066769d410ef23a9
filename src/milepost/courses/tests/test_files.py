import io
import stat
import zipfile

import pytest

from milepost.courses import files as course_files
from milepost.courses.files import Folder, InMemory, RefusedFiles, Zip


def make_zip(*entries, **options):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    data.seek(0)
    return data


def test_a_zip_may_hold_its_course_in_one_folder():
    assert Zip(make_zip(("my-course/course.md", "a"), ("my-course/01-a/module.md", "b"))).paths() == [
        "01-a/module.md",
        "course.md",
    ]


def test_what_computers_leave_behind_is_ignored():
    assert Zip(make_zip(("course.md", "a"), ("__MACOSX/x", "b"), (".DS_Store", "c"))).paths() == ["course.md"]


@pytest.mark.parametrize("name", ["../course.md", "/etc/passwd", "a/../../b.md", "a\\..\\b.md", "C:/x.md"])
def test_a_path_that_escapes_is_refused(name):
    with pytest.raises(RefusedFiles, match="outside of the course"):
        Zip(make_zip(("course.md", "a"), (name, "x")))


def test_a_link_in_a_zip_is_refused():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        link = zipfile.ZipInfo("media/secret")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("course.md", "a")
    with pytest.raises(RefusedFiles, match="is a link"):
        Zip(data)


def test_a_link_in_a_folder_is_refused(tmp_path):
    (tmp_path / "course.md").write_text("a")
    (tmp_path / "x.md").symlink_to("/etc/passwd")
    with pytest.raises(RefusedFiles, match=r"x\.md is a link"):
        Folder(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(RefusedFiles, match="times its size"):
        Zip(make_zip(("course.md", "a"), ("media/big.bin", b"0" * (64 << 20))))


def test_a_file_that_is_larger_than_it_says_is_refused():
    data = make_zip(("course.md", "a" * 1000))
    raw = bytearray(data.getvalue())
    size = (1000).to_bytes(4, "little")
    while size in raw:
        raw[raw.index(size) : raw.index(size) + 4] = (10).to_bytes(4, "little")
    with pytest.raises(RefusedFiles):
        list(Zip(io.BytesIO(bytes(raw))).chunks("course.md"))


def test_a_file_of_three_gigabytes_is_refused_by_its_name(monkeypatch):
    class Huge(InMemory):
        def __init__(self):
            course_files._check({"course.md": 10, "media/film.mp4": 3 << 30})

    with pytest.raises(RefusedFiles, match=r"media/film.mp4 has 3.0 GB"):
        Huge()


def test_a_sparse_file_of_three_gigabytes_is_refused_from_a_folder(tmp_path):
    (tmp_path / "course.md").write_text("a")
    with (tmp_path / "film.mp4").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(RefusedFiles, match=r"film.mp4 has 3.0 GB"):
        Folder(tmp_path)


def test_a_zip_with_too_many_files_is_refused():
    with pytest.raises(RefusedFiles, match="more than"):
        Zip(make_zip(*((f"media/{n}.txt", "") for n in range(2001))))


def test_names_that_differ_only_in_capitals_are_refused():
    with pytest.raises(RefusedFiles, match="only in capitals"):
        InMemory({"course.md": b"", "media/A.png": b"", "media/a.png": b""})


def test_names_with_invisible_characters_are_refused():
    with pytest.raises(RefusedFiles, match="invisible"):
        InMemory({"course.md": b"", "media/a\u202egnp.png": b""})


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_what_is_not_a_zip_is_refused(data):
    with pytest.raises(RefusedFiles, match="not a zip"):
        Zip(io.BytesIO(data))


def test_a_zip_with_a_password_is_refused():
    data = bytearray(make_zip(("course.md", "a")).getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(RefusedFiles, match="password"):
        Zip(io.BytesIO(bytes(data)))
