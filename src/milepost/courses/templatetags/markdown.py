"""What course Markdown became, in a page."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def sanitised(html: str) -> SafeString:
    """HTML that `courses.markdown` made and sanitised before it was kept, as it is; text from anywhere else is not for this."""
    return mark_safe(html)  # noqa: S308 (the one place where what is kept becomes markup)
