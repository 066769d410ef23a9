"""A page of a document as a picture, as whoever may read it is shown it."""

from django.http import Http404, HttpResponse

from milepost.documents.composing import file_of
from milepost.documents.models import Document
from milepost.documents.reading import picture_of_page


def page_picture(document: Document, number: int, *, width: int) -> HttpResponse:
    """The page as it stands now, so many pixels wide. Raises `Http404` for one that is not there, `RefusedPdf`."""
    try:
        picture = picture_of_page(file_of(document), number, width=width)
    except IndexError as error:
        raise Http404 from error
    return HttpResponse(picture, content_type="image/webp")
