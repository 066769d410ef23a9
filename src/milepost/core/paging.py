"""Lists in pages: what a template needs to show one page of many, and to keep the filters in its links."""

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

PAGE_SIZE = 50


def page_of[M: Model](request: HttpRequest, rows: QuerySet[M] | list[M], *, size: int = PAGE_SIZE) -> Page[M]:
    """The page of `rows` that `?page=` names; a page that does not exist gives the nearest that does."""
    page: Page[M] = Paginator(rows, size).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    page.query = query.urlencode()  # type: ignore[attr-defined]
    return page
