"""What a person chooses about being told."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from milepost.core.refusals import add_to_form
from milepost.notices.channels import DEFAULT
from milepost.notices.forms import ChoicesForm
from milepost.notices.kinds import kinds
from milepost.notices.models import Preferences
from milepost.notices.preferences import Choices, QuietHoursUnclear, choose
from milepost.people.access import OrganisationRequest, member_required


@require_http_methods(["GET", "POST"])
@member_required
def notice_preferences(request: OrganisationRequest) -> HttpResponseBase:
    """One's own choices."""
    chosen = Preferences.objects.filter(member=request.member).first() or Preferences(member=request.member)
    initial = {
        "once_a_day": chosen.once_a_day,
        "quiet_from": chosen.quiet_from,
        "quiet_until": chosen.quiet_until,
        "channel": chosen.channel or DEFAULT,
    }
    form = ChoicesForm(request.POST or None, initial=initial)
    offered = [(name, kind) for name, kind in kinds.items() if not kind.is_secret and kind.is_for_members]
    if request.method == "POST" and form.is_valid():
        wanted = set(request.POST.getlist("wanted"))
        off = [name for name, _kind in offered if name not in wanted]
        try:
            is_new = choose(request.member, Choices(off=off, **form.cleaned_data))
        except QuietHoursUnclear as refused:
            add_to_form(refused, form)
        else:
            if is_new:
                messages.success(request, _("Saved."))
            return redirect("notice_preferences", request.organisation.slug)
    rows = [(name, kind, name not in chosen.off) for name, kind in offered]
    context = {
        "form": form,
        "free": [row for row in rows if not row[1].why_always],
        "always": [row for row in rows if row[1].why_always],
    }
    return render(request, "notices/preferences.html", context)
