"""What the background does for people: doing something to many and undoing it, and forgetting what can't be undone any more."""

from django.utils.translation import gettext_lazy as _

from milepost.core import clock, quotas
from milepost.core.jobs import job
from milepost.people import absences, doing, import_drafts, import_feed, second_factor, sessions, undoing
from milepost.people.models import BulkAct, FactorReset, Organisation, PeopleFeed, PeopleImport


@job(queue="imports", title=_("Make a change to many people"), attempts=None)
def do_bulk_act(organisation_id: int, act_id: int) -> None:
    """Do what is left of it."""
    for act in BulkAct.objects.select_related("organisation", "by").filter(organisation=organisation_id, pk=act_id):
        doing.carry_on(act)


@job(queue="imports", title=_("Undo a change to many people"), attempts=None)
def undo_bulk_act(organisation_id: int, act_id: int) -> None:
    """Take back what is left of it."""
    for act in BulkAct.objects.filter(organisation=organisation_id, pk=act_id):
        undoing.carry_on(act)


@job(queue="imports", title=_("Import an HR file"))
def import_large_file(organisation_id: int, draft_id: int) -> None:
    """Import it, unless that was done."""
    drafts = PeopleImport.objects.select_related("organisation", "begun_by__organisation")
    for draft in drafts.filter(organisation=organisation_id, pk=draft_id, applied_at=None, begun_at__isnull=False):
        import_drafts.carry_on(draft)


@job(queue="imports", title=_("Import an HR file that was sent"))
def import_sent_file(organisation_id: int, draft_id: int) -> None:
    """Import it, or say why it waits."""
    drafts = PeopleImport.objects.select_related("organisation", "uploaded_by__organisation")
    waiting = drafts.filter(organisation=organisation_id, pk=draft_id, comes_by_itself=True)
    for draft in waiting.filter(applied_at=None, begun_at=None):
        import_feed.import_or_wait(draft)


@job(queue="imports", title=_("Fetch the HR file"))
def fetch_file(organisation_id: int) -> None:
    """Fetch it from where the organisation says."""
    feeds = PeopleFeed.objects.select_related("organisation", "set_by__organisation").filter(
        organisation=organisation_id
    )
    for feed in feeds.exclude(address=""):
        import_feed.fetch_now(feed)


@job(queue="imports")
def begin_fetching() -> None:
    """Begin with those whose time of day has come."""
    import_feed.begin_fetching()


@job(queue="imports")
def tell_returns() -> None:
    """Tell of those whose long absence is over that they are back."""
    absences.tell_returns()


@job(queue="mail")
def reset_factors() -> None:
    """Take away the second factors whose day has come."""
    for reset in FactorReset.objects.filter(due_at__lte=clock.now()).select_related("user", "member"):
        second_factor.finish_reset(reset)


@job(queue="imports")
def forget_bulk_acts() -> None:
    """Delete acts of which the 30 days are over."""
    undoing.forget_old()


@job(queue="imports")
def forget_what_is_over() -> None:
    """Delete sessions that have ended, with their devices and addresses, and HR files that nobody imported within a day."""
    sessions.forget_ended()
    import_drafts.forget_unfinished()


@job(queue="files")
def measure_storage() -> None:
    """Look how much each organisation stores whose files are bounded."""
    for organisation in Organisation.objects.all():
        if quotas.limit_of(organisation, "storage") is not None:
            quotas.measure(organisation.pk, organisation.uid)
