"""What letters need of templates."""

from django import template

from milepost.notices import undelivered
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice
from milepost.people.colours import contrast

register = template.Library()


@register.simple_tag
def filled(colour: str) -> str:
    """The style of something filled with the colour, with words on it that can be read (WCAG 2.2, 1.4.3)."""
    words = max("#ffffff", "#1c2223", key=lambda candidate: contrast(candidate, colour))
    return f"background:{colour};color:{words}"


@register.simple_tag(takes_context=True)
def may_look_after(context: template.Context, notice: Notice) -> bool:
    """Whether whoever looks may try again to send it."""
    return undelivered.may_look_after(context["member"], notice)


@register.filter
def kind_label(notice: Notice) -> str:
    """What the notice is, in words; its name when no room brings the kind any more."""
    return str(kinds.get(notice.kind).label) if notice.kind in kinds else notice.kind
