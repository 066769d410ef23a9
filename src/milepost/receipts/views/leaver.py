"""The page of somebody who left: by a link, without an account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from milepost.core.cookies import LANGUAGE
from milepost.core.openness import Whom, open_to
from milepost.people.limits import refuse_over_limit
from milepost.receipts.files import as_download
from milepost.receipts.leaving import leaver_of, open_until
from milepost.receipts.making import learnt_by


@open_to(Whom.LINK, "the link that somebody is sent when they leave")
@require_http_methods(["GET", "POST"])
def leaver_receipt(request: HttpRequest, token: str) -> HttpResponseBase:
    """What they learnt, to take along."""
    member = leaver_of(token)
    if not LANGUAGE.of(request):
        translation.activate(member.speaks)
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
    timezone.activate(member.organisation.time_zone)
    if request.method == "POST":
        refuse_over_limit(request, "receipt", link=member.uid)
        return as_download(member, by=member, things=request.POST.getlist("thing"))
    context = {
        "leaver": member,
        "organisation_shown": member.organisation,
        "learnt": learnt_by(member),
        "until": open_until(member),
    }
    return render(request, "receipts/leaver.html", context)
