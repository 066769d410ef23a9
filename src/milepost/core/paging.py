"""Lists in pages: what a template needs to show one page of many, and to keep the filters in its links."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 50


def page_of[Row](request: HttpRequest, rows: "QuerySet[Any, Row] | list[Row]", *, size: int = PAGE_SIZE) -> Page[Row]:
    """The page of `rows` that `?page=` names; a page that does not exist gives the nearest that does."""
    page: Page[Row] = Paginator(rows, size).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    page.query = query.urlencode()  # type: ignore[attr-defined]
    return page
