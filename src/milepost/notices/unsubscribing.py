"""Links that switch a kind of notice off for one person, without signing in (RFC 8058)."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from milepost.people.models import Member

_SALT = "milepost.notices.unsubscribe"


def unsubscribe_address(member: Member, kind: str) -> str:
    """Where this member switches the kind off."""
    return settings.BASE_URL + reverse("unsubscribe", args=[signing.dumps([str(member.uid), kind], salt=_SALT)])


def whose(token: str) -> tuple[Member, str] | None:
    """Who would switch off which kind; None for a link that is not ours."""
    try:
        uid, kind = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    member = Member.objects.select_related("organisation").filter(uid=uid).first()
    return (member, kind) if member else None
