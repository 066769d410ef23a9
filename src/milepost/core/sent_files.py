"""Files that people send: something was chosen, it is not empty, and it is no larger than its form takes.

    file = sent_file(request.FILES.get("file"), most=MAX_FILE)      a form that is written by hand
    file = SentFileField(most=MAX_FILE, label=…)                     a field of a Django form

What a kind of file must be besides (a PDF, a table) is for whoever reads it.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused


class FileNotTaken(Refused):
    """No file was chosen, or one that is empty or too large."""

    sentence = gettext_lazy("Choose a file first.")
    status = 422


def sent_file(
    file: "UploadedFile[Any] | None", *, most: int | None = None, advice: str | Promise = "", field: str = ""
) -> "UploadedFile[Any]":
    """The file, of which there is something, and at most so many bytes. Raises `FileNotTaken`.

    `advice` is what to do about one that is too large, as a sentence; `field` the input of which this is said.
    """
    if file is None:
        raise FileNotTaken(field=field)
    if not file.size:
        words = _("“%(name)s” is empty. Save it again in the program that it comes from, and choose it once more.")
        raise FileNotTaken(words % {"name": file.name}, field=field)
    if most is not None and file.size > most:
        too_large = _("The file is larger than %(most)d MB.") % {"most": most >> 20}
        raise FileNotTaken(f"{too_large} {advice}".strip(), field=field)
    return file


class SentFileField(forms.FileField):
    """The same as a field of a form."""

    def __init__(self, *, most: int | None = None, advice: str | Promise = "", **options: Any) -> None:
        super().__init__(**options)
        self.most, self.advice = most, advice

    def to_python(self, data: Any) -> Any:
        """The file. Raises `ValidationError`."""
        if data in self.empty_values:
            return super().to_python(data)
        try:
            return super().to_python(sent_file(data, most=self.most, advice=self.advice))
        except FileNotTaken as refused:
            raise ValidationError(str(refused)) from refused
