"""`milepost jobs`: what the background waits for, and what it gave up."""

import click

from milepost.cli.commands import fail, organisation_of, with_django


@click.group()
def jobs() -> None:
    """The work in the background: what waits, what failed, and trying it again."""


@jobs.command("list")
@click.option("--failed", is_flag=True, help="Only what was given up or goes on failing.")
@click.option("--organisation", default="", metavar="SLUG", help="Only the work of this organisation.")
@with_django
def list_jobs(failed: bool, organisation: str) -> None:
    """Show what waits, is being done or was given up, a line each; first how much waits in each queue."""
    from django.db.models import Count

    from milepost.core.models import Job

    rows = Job.objects.failing() if failed else Job.objects.filter(seconds=None).order_by("queue", "state", "pk")
    if organisation:
        rows = rows.filter(organisation_id=organisation_of(organisation).pk)
    counted = rows.order_by("queue", "state").values_list("queue", "state").annotate(Count("pk"))
    for queue, state, count in counted:
        click.echo(f"{queue}: {count} {state}")
    for job in rows[:1000]:
        trouble = f"{job.fault} {job.reason}".strip()
        when = (job.failed_at or job.enqueued_at).isoformat(timespec="seconds")
        click.echo(f"{job.pk}  {job.queue}  {job.state}  {when}  attempts {job.attempts}  {job}  {trouble}".rstrip())


@jobs.command("retry")
@click.argument("numbers", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="All that was given up or goes on failing.")
@with_django
def retry_jobs(numbers: tuple[int, ...], everything: bool) -> None:
    """Try again what failed: the jobs with these NUMBERS, as `milepost jobs list` shows them, or --all."""
    from milepost.core.jobs import retry
    from milepost.core.models import Job

    if bool(numbers) == everything:
        fail("Give the numbers of jobs, or --all.")
    rows = Job.objects.failing()
    count = retry(rows if everything else rows.filter(pk__in=numbers))
    if not count:
        fail("None of these failed. `milepost jobs list --failed` shows what did.")
    click.echo(f"{count} to be tried again now.")
