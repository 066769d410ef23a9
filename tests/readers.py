"""What readers make of a PDF: those of others (poppler, qpdf), and ours."""

import io
from tempfile import NamedTemporaryFile

from programs import run
from pyhanko.pdf_utils.reader import PdfFileReader

from milepost.verify.pdf_seals import seals_in
from milepost.verify.report import Broken


def told_by(command, content):
    """What a command says of the file."""
    with NamedTemporaryFile(suffix=".pdf") as file:
        file.write(content)
        file.flush()
        done = run(command, file.name, capture_output=True, text=True)
    return done.stdout + done.stderr


def text_in(content):
    """The words on its pages, as they stand there, with single spaces."""
    done = run("pdftotext -layout - -", input=content, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def pdfsig_accepts(content, *, seals):
    """Whether poppler finds so many seals, all of them valid, and nothing after the last."""
    report = told_by("pdfsig", content)
    return report.count("Signature is Valid") == seals and "Total document signed" in report


def milepost_accepts(content, *, seals):
    """Whether so many seals and time stamps (by pyHanko's validator) hold."""
    try:
        seals_there = seals_in(content)
    except Broken:
        return False
    return len(seals_there) == seals and all(seal.holds for seal in seals_there)


def stamps_in(content):
    """How many document time stamps it carries."""
    return len(list(PdfFileReader(io.BytesIO(content)).embedded_timestamp_signatures))
