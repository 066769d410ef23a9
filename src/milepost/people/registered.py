"""What people bring to the rooms below."""

from django.conf import settings as installation
from django.utils.translation import gettext_lazy as _

from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.organisations import tell_identities
from milepost.people import facts, organisations, own_settings, permissions, scopes, settings, signing_in
from milepost.people.contribution import PeopleContribution
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    vocabulary.register(settings)

    settings.register(*own_settings.OWN)

    permissions.register(*permissions.of_this_room())
    scopes.kinds.register("site", scopes.SiteScope())
    scopes.kinds.register("department", scopes.DepartmentScope())
    scopes.kinds.register("line", scopes.LineScope())
    scopes.kinds.register("oneself", scopes.OneselfScope())
    contributions.register("people", PeopleContribution())

    signing_in.connect()
    tell_identities(organisations.identity_of)

    navigation.main.register("people", Link(_("People"), "people", order=80, permission="see_people"))
    _menu_of_the_person()


def _menu_of_the_person() -> None:
    menu = navigation.person
    settings_page = Link(
        _("Organisation"), "organisation_settings", order=10, icon="gear", permission="manage_organisation"
    )
    menu.register("organisation", settings_page)
    failed = Link(
        _("Work that failed"), "failed_jobs", order=15, icon="exclamation-triangle", permission="manage_organisation"
    )
    menu.register("failed_jobs", failed)
    menu.register("devices", Link(_("My devices"), "devices", order=20, icon="phone", is_inside=False))
    menu.register("sign_in", Link(_("Passkeys and password"), "mfa_index", order=30, icon="key", is_inside=False))
    menu.register("organisations", Link(_("My organisations"), "home", order=50, icon="building", is_inside=False))
    sign_out = Link(_("Sign out"), "account_logout", order=90, icon="box-arrow-right", posts=True, is_inside=False)
    menu.register("sign_out", sign_out)

    outbox = Link(_("Outbox"), "outbox", order=60, icon="envelope", is_inside=False, shown=_has_outbox)
    menu.register("outbox", outbox)
    navigation.foot.register("outbox", outbox)


def _has_outbox(_thing: object) -> bool:
    return installation.OUTBOX is not None
