"""What people bring to the rooms below."""

from django.conf import settings as installation
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.encryption import keepers
from milepost.core.jobs import every
from milepost.core.quotas import quotas
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.organisations import tell_identities
from milepost.people import (
    factors_at_rest,
    facts,
    happenings,
    import_feed,
    importing,
    jobs,
    members,
    organisation_settings,
    organisations,
    permissions,
    scopes,
    settings,
    signing_in,
    undoing,
)
from milepost.people.bulk_acts import bulk_kinds
from milepost.people.contribution import PeopleContribution
from milepost.people.contributions import contributions
from milepost.people.limits import DAY, HOUR, MINUTE, Limit, Per, Rate, limits
from milepost.people.models import Absence, FactorReset
from milepost.people.undoing_imports import ImportsOfPeople
from milepost.people.uninviting import InvitationsInBulk


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    vocabulary.register(settings)

    settings.register(*organisation_settings.OWN)

    permissions.register(*permissions.of_this_room())
    scopes.kinds.register("site", scopes.SiteScope())
    scopes.kinds.register("department", scopes.DepartmentScope())
    scopes.kinds.register("line", scopes.LineScope())
    scopes.kinds.register("oneself", scopes.OneselfScope())
    contributions.register("people", PeopleContribution())

    bulk_kinds.register("invitation", InvitationsInBulk())
    bulk_kinds.register(importing.KIND, ImportsOfPeople())
    every(3600, jobs.forget_bulk_acts, when=lambda: undoing.too_old().exists())

    every(60, jobs.begin_fetching, when=import_feed.is_due)
    limits.register(
        "people-feed",
        Limit(
            Rate(30, HOUR, Per.ADDRESS),
            Rate(100, DAY, Per.LINK),
            label=_("HR files sent by a program"),
        ),
    )
    every(600, jobs.tell_returns, when=lambda: Absence.objects.to_tell().exists())
    every(60, jobs.reset_factors, when=lambda: FactorReset.objects.filter(due_at__lte=clock.now()).exists())

    happenings.happenings.register_all({kind.name: kind for kind in happenings.OWN})
    every(3600, jobs.forget_what_is_over)
    every(6 * 3600, jobs.measure_storage, when=lambda: any(name == "storage" for _slug, name in installation.QUOTAS))
    quotas.register("people", members.PEOPLE)
    keepers.register("factors", factors_at_rest.keep_under_current_secret)
    limits.register(
        "identity",
        Limit(
            Rate(60, MINUTE, Per.ADDRESS),
            Rate(10, MINUTE, Per.ACCOUNT),
            Rate(60, DAY, Per.ACCOUNT),
            label=_("Saying once more who it is"),
        ),
    )
    limits.register(
        "identity-code",
        Limit(
            Rate(20, MINUTE, Per.ADDRESS),
            Rate(3, MINUTE, Per.ACCOUNT),
            Rate(40, DAY, Per.ACCOUNT),
            label=_("Codes by e-mail for saying who it is"),
        ),
    )
    limits.register(
        "known-browser",
        Limit(
            Rate(30, MINUTE, Per.ADDRESS),
            Rate(5, 5 * MINUTE, Per.BROWSER),
            Rate(20, DAY, Per.BROWSER),
            Rate(60, DAY, Per.ACCOUNT),
            label=_("Passwords in a browser that knows its person"),
        ),
    )
    limits.register(
        "known-browser-code",
        Limit(
            Rate(20, MINUTE, Per.ADDRESS),
            Rate(3, MINUTE, Per.BROWSER),
            Rate(10, DAY, Per.BROWSER),
            Rate(30, DAY, Per.ACCOUNT),
            label=_("Codes by e-mail to a browser that knows its person"),
        ),
    )

    signing_in.connect()
    tell_identities(organisations.identity_of)

    navigation.main.register("people", Link(_("People"), "people", order=80, permission="see_people"))
    changes = Link(_("Changes to many"), "bulk_acts", order=20, icon="clock", permission="manage_people")
    navigation.links("people").register("bulk_acts", changes)
    places = Link(_("Sites and departments"), "places", order=10, icon="building", permission="import_people")
    navigation.links("people").register("places", places)
    by_itself = Link(_("HR file by itself"), "people_feed", order=15, icon="clock", permission="manage_organisation")
    navigation.links("people").register("people_feed", by_itself)
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
    menu.register(
        "organisations", Link(_("My organisations"), "memberships", order=50, icon="building", is_inside=False)
    )
    sign_out = Link(_("Sign out"), "account_logout", order=90, icon="box-arrow-right", posts=True, is_inside=False)
    menu.register("sign_out", sign_out)

    outbox = Link(_("Outbox"), "outbox", order=60, icon="envelope", is_inside=False, shown=_has_outbox)
    menu.register("outbox", outbox)
    navigation.foot.register("outbox", outbox)


def _has_outbox(_thing: object) -> bool:
    return installation.OUTBOX is not None
