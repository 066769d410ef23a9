"""Dossiers as files: read, written anew, and what the verifier has to say about them."""

import zipfile

import pytest

from milepost import verify as verifier


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, files):
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def complaint(path, **more):
    with pytest.raises(verifier.Broken) as broken:
        verifier.verify(path, **more)
    return str(broken.value)
