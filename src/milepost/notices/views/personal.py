"""What a person chooses about being told."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from milepost.core.refusals import add_to_form
from milepost.notices.channels import DEFAULT, channels
from milepost.notices.kinds import kinds
from milepost.notices.models import Preferences
from milepost.notices.preferences import Choices, QuietHoursUnclear, choose
from milepost.people.access import OrganisationRequest, member_required


class ChoicesForm(forms.Form):
    """When and by which way; which kinds stands beside it in the template."""

    once_a_day = forms.BooleanField(label=gettext_lazy("What can wait comes once a day, at eight"), required=False)
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet until"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    channel = forms.ChoiceField(label=gettext_lazy("By which way"), required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["channel"].choices = [(name, channel.label) for name, channel in channels.items()]  # type: ignore[attr-defined]
        if len(channels.names()) == 1:
            del self.fields["channel"]


@require_http_methods(["GET", "POST"])
@member_required
def notice_preferences(request: OrganisationRequest) -> HttpResponseBase:
    """One's own choices."""
    chosen = Preferences.objects.filter(member=request.member).first() or Preferences(member=request.member)
    initial = {
        "once_a_day": chosen.once_a_day, "quiet_from": chosen.quiet_from, "quiet_until": chosen.quiet_until,
        "channel": chosen.channel or DEFAULT,
    }  # fmt: skip
    form = ChoicesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        wanted = set(request.POST.getlist("wanted"))
        told = {**form.cleaned_data, "off": [name for name in kinds.names() if name not in wanted]}
        try:
            choose(request.member, Choices(**told))
        except QuietHoursUnclear as refused:
            add_to_form(refused, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("notice_preferences", request.organisation.slug)
    rows = [
        (name, kind, name not in chosen.off)
        for name, kind in kinds.items()
        if not kind.is_secret and kind.is_for_members
    ]
    return render(request, "notices/preferences.html", {"form": form, "rows": rows})
