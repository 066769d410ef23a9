"""Quantities in words, in the language of whoever reads."""

from django.utils.translation import gettext as _


def duration(minutes: int) -> str:
    """A duration as people say it: 8 min, 1 h 20 min, 2 h."""
    hours, rest = divmod(int(minutes), 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
