"""Django's classes that take their parameter at run time too, as the type checker reads it: ModelForm[Organisation], UploadedFile[bytes].

django_stubs_ext does this for every class there is, and loads Django's admin, feeds and sitemaps into each process for it.
"""

from typing import Any

from django.core.files.utils import FileProxyMixin
from django.forms.models import BaseModelForm, ModelChoiceField

GENERIC: tuple[Any, ...] = (FileProxyMixin, BaseModelForm, ModelChoiceField)


def take_parameters() -> None:
    """From now on these take a parameter, and are what they were without it."""
    for one in GENERIC:
        one.__class_getitem__ = classmethod(lambda cls, _parameter: cls)
