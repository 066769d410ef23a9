"""What the pages of evidence share: `{% load evidence %}`."""

from django import template

from milepost.evidence.profiles import profiles

register = template.Library()


@register.filter
def profile_label(name: str) -> str:
    """A profile as people call it; its name where its file is not there any more."""
    known = profiles().get(name)
    return known.label if known else name
