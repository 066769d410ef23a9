"""What the background does for the classroom: attendance sheets, the logs of meetings, who is told what."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from milepost.classroom import invitations, reminding, sheets, watching
from milepost.classroom.meetings import MeetingRefused
from milepost.classroom.models import Sheet, Slot
from milepost.core.jobs import job


@job(queue="files", title=_("Make an attendance sheet"))
def make_sheet(organisation_id: int, sheet_id: int) -> None:
    """Make it unless it is there."""
    waiting = Sheet.objects.filter(organisation_id=organisation_id, pk=sheet_id, pdf="")
    for sheet in waiting.select_related("session__organisation"):
        sheets.make_sheet(sheet)


@job(queue="files")
def find_sheets() -> None:
    """Find the sheets that are still to be made, whatever became of the job that was to make them."""
    make_sheet.enqueue_many(Sheet.objects.filter(pdf="").order_by("pk").values_list("organisation_id", "pk"))


@job(queue="outside", attempts=None, limit=60)
def watch(organisation_id: int, session_id: int) -> bool:
    """See who is connected. Where nobody has opened the meeting, or its tool is down, the next minute asks again."""
    for session in watching.going_on().filter(organisation_id=organisation_id, pk=session_id):
        try:
            return watching.watch(session)
        except MeetingRefused:
            return False
    return False


@job(queue="outside")
def watch_all() -> None:
    """Find the meetings that go on."""
    watch.enqueue_many(watching.going_on().values_list("organisation_id", "pk"))


@job(queue="files", title=_("Keep the connection log of a meeting"))
def keep_log(organisation_id: int, session_id: int) -> None:
    """Keep it unless it is kept."""
    for session in watching.ended().filter(organisation_id=organisation_id, pk=session_id):
        watching.keep(session)


@job(queue="files")
def find_logs() -> None:
    """Find the meetings that are over."""
    keep_log.enqueue_many(watching.ended().values_list("organisation_id", "pk"))


@job(queue="mail")
def invite() -> None:
    """Tell everybody whose calendar says something else than their session."""
    invitations.invite_due()


@job(queue="mail", title=_("Ask who has not signed a half-day"), attempts=None)
def remind_missing(organisation_id: int, slot_id: int, pressed_at: str) -> None:
    """Ask those who are still to be asked."""
    for slot in Slot.objects.filter(organisation=organisation_id, pk=slot_id):
        reminding.remind_missing(slot, pressed_at=datetime.fromisoformat(pressed_at))


@job(queue="mail")
def remind() -> None:
    """Tell what is due at the half-days about now."""
    reminding.remind_due()
