"""What the pages of courses take."""

from django import forms
from django.utils.translation import gettext_lazy as _

from milepost.core.sent_files import SentFileField


class UploadCourseForm(forms.Form):
    """A zip with a course."""

    file = SentFileField(
        label=_("Course as a zip"),
        help_text=_("The folder with course.md, its modules and media, as a zip."),
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip", "class": "form-control"}),
    )
