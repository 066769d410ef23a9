"""The encryption of backups in the age format (age-encryption.org/v1), whatever is cut or touched."""

import base64
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.backup import age, archive


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """A passphrase that is stretched little."""
    monkeypatch.setattr(age, "WORK", 4)


# Made with another program (pyrage 1, on rage): “what was kept” under “correct horse”.
ELSEWHERE = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBXTk0yRzAyRStBM2FwOFBNaEUrSTZ3IDE5CkxQVWJCd0NrYkppcjAzanE1U1VsTndjVzJzZTNL"
    "U0cwWXlGYm42V0NuZWcKLS0tIDQ0WDdXc2FkY2RxOEIyVnFTaE55dm1rTlMxanBDR3JnRWFxNFFBOFNTcDgK+Xj/dcreIJZmScFkCizXXuLuW7DrCqpb"
    "kFSEYZ6uyEBdnzr56HWUY1skYpXS"
)


def test_what_another_program_encrypted_is_read():
    assert age.Decrypting(io.BytesIO(base64.b64decode(ELSEWHERE)), "correct horse").read(100) == b"what was kept"


@given(st.lists(st.integers(0, 3 * age.CHUNK // 2), max_size=4), st.integers(1, 100_000))
def test_what_goes_in_encrypted_comes_out_however_it_is_cut(lengths, step):
    sealed = io.BytesIO()
    writing = age.Encrypting(sealed, "é")
    for length in lengths:
        writing.write(b"x" * length)
    writing.close()
    sealed.seek(0)
    opened, content = age.Decrypting(sealed, "é"), b""
    while part := opened.read(step):
        content += part
    assert content == b"x" * sum(lengths)


@pytest.fixture(scope="module")
def sealed():
    """An encrypted file of two chunks, whose passphrase is stretched little: it is asked a thousand times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(age, "WORK", 1)
        sink = io.BytesIO()
        writing = age.Encrypting(sink, "correct horse")
        writing.write(b"x" * 70_000)
        writing.close()
    return sink.getvalue()


def is_refused(encrypted):
    with pytest.raises(archive.NoBackup):
        opened = age.Decrypting(io.BytesIO(encrypted), "correct horse")
        while opened.read(100_000):
            pass
    return True


def test_an_encrypted_file_with_any_bit_of_its_header_turned_is_never_taken(sealed):
    header = sealed.index(b"\n--- ") + len(b"\n--- ") + 43 + 1
    for at, bit in itertools.product(range(header + 16), range(8)):
        touched = bytearray(sealed)
        touched[at] ^= 1 << bit
        assert is_refused(bytes(touched)), (at, bit)


@given(st.data())
def test_an_encrypted_file_that_was_touched_or_cut_anywhere_is_never_taken(sealed, data):
    at = data.draw(st.integers(0, len(sealed) - 1))
    cut = sealed[:at]
    assert is_refused(cut)
    assert is_refused(cut + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
