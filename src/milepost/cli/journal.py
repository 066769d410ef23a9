"""`milepost journal` and `milepost key`: the record of facts, and the key that signs it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from milepost.cli.commands import about, fail, in_organisation, organisation_of, progress_bar, with_django


@click.group()
def journal() -> None:
    """The record of facts."""


@journal.command("verify")
@in_organisation
@click.option(
    "--against", type=click.Path(path_type=Path), multiple=True, help="A file of seals, a checkpoint, or a mail."
)
@with_django
def verify_journal(organisation: str, against: tuple[Path, ...]) -> None:
    """Check the organisation's whole journal: entries, tree, seals. Names the first entry that does not hold.

    Give with --against what others have kept of its seals (what was sent to them): the journal must hold all of that.
    """
    from milepost.journal import second_memory
    from milepost.journal.models import Entry
    from milepost.journal.verification import verify

    target = organisation_of(organisation)
    kept = []
    for file in against:
        with about(file):
            kept += second_memory.said_in(file.read_bytes(), target.uid, file.name)
    with progress_bar("Checking entries", Entry.objects.filter(organisation_id=target.pk).count()) as bar:
        verification = verify(target.pk, progress=bar.update, against=kept)
    if verification.finding:
        fail(f"{verification.finding}. {verification.checked} entries before it do hold.")
    if verification.missed:
        click.echo(f"Gone before their seals, as facts of the journal say: entries {', '.join(verification.missed)}.")
    if verification.late:
        click.echo(
            f"Stamped more than a day after they say that they were made: seals {', '.join(map(str, verification.late))}."
        )
    if against:
        click.echo(f"It holds the {len(kept)} seals of which {', '.join(file.name for file in against)} tells.")
    second_memory.catch_up(target.pk)
    if forgotten := second_memory.forgotten(target.pk):
        fail(
            f"All {verification.checked} entries hold, and this machine remembers {verification.seals - forgotten} of the {verification.seals}"
            " seals: its files of seals were taken away, or it is a new machine. Hold the journal against seals that were sent out (--against)"
            " or a witness, then run `milepost journal remember`."
        )
    waiting = verification.checked - verification.sealed
    click.echo(
        f"{verification.checked} entries hold. {verification.sealed} are under {verification.seals} seals, {waiting} wait for theirs."
    )


@journal.command("remember")
@in_organisation
@with_django
def remember_seals(organisation: str) -> None:
    """Have this machine remember all seals as the database has them: on a new machine, or after its files of seals were lost.

    The journal is verified first, against what this machine does remember.
    """
    from milepost.core.jobs import retry
    from milepost.core.models import Job
    from milepost.journal import second_memory
    from milepost.journal.jobs import find_forgotten
    from milepost.journal.verification import verify

    target = organisation_of(organisation)
    if finding := verify(target.pk).finding:
        fail(f"{finding}. Nothing was changed.")
    count = second_memory.write_anew(target.pk)
    retry(Job.objects.filter(task=find_forgotten.module_path, organisation_id=target.pk))
    click.echo(f"This machine remembers {count} seals.")


@journal.command("seal")
@in_organisation
@with_django
def seal_journal(organisation: str) -> None:
    """Seal what waits, now. (The background worker does this every 15 seconds.)"""
    from milepost.journal import sealing, timestamping

    number = organisation_of(organisation).pk
    seal = sealing.seal(number)
    try:
        timestamping.stamp_newest(number)
    except timestamping.NoStamp as error:
        click.echo(f"It has no time stamp yet ({error}); the worker asks again.", err=True)
    click.echo(f"Seal {seal.number} covers {seal.size} entries." if seal else "There is nothing to seal yet.")


@journal.command("index")
@in_organisation
@with_django
def index_anew(organisation: str) -> None:
    """Make the index by which dossiers prove that they are complete anew, where `milepost journal verify` says that it is damaged."""
    from milepost.journal import folding

    count = folding.index_anew(organisation_of(organisation).pk)
    click.echo(f"The index was made anew of {count} entries.")


@journal.command("witnesses")
@in_organisation
@with_django
def list_witnesses(organisation: str) -> None:
    """Each configured witness with the number of entries that it has cosigned last, and what is wrong, separated by tabs."""
    from milepost.journal import cosigning

    number = organisation_of(organisation).pk
    for witness in cosigning.witnesses():
        click.echo(
            f"{witness.key.name}\t{cosigning.last_size(number, witness)}\t{cosigning.trouble_of(witness).reason}"
        )


@journal.command("replay")
@click.argument("name")
@in_organisation
@with_django
def replay_journal(name: str, organisation: str) -> None:
    """Tell the follower NAME every fact of the organisation once more, from the beginning."""
    from milepost.core.registry import NotRegistered
    from milepost.journal.subscriptions import replay

    try:
        count = replay(name, organisation_of(organisation).pk)
    except NotRegistered as error:
        fail(error)
    click.echo(f"{count} facts were told to “{name}” again.")


@journal.command("followers")
@in_organisation
@with_django
def list_followers(organisation: str) -> None:
    """Who follows the journal, and how many facts each has still to read, separated by a tab."""
    from milepost.journal.subscriptions import standings

    for name, behind in standings(organisation_of(organisation).pk).items():
        click.echo(f"{name}\t{behind}")


@click.command()
@with_django
def facts() -> None:
    """Print every type of fact that the journal can say, as Markdown: what docs/facts.md holds."""
    from milepost.journal.documenting import page

    click.echo(page(), nl=False)


@click.group()
def key() -> None:
    """The key that an organisation signs with."""


@key.command("show")
@in_organisation
@with_django
def show_key(organisation: str) -> None:
    """Print the certificate of the current key (PEM), for those who check signatures."""
    from milepost.journal.keys import current_key

    key = current_key(organisation_of(organisation).pk)
    click.echo(key.certificate, nl=False)
    click.echo(f"Fingerprint (SHA-256): {key.fingerprint}", err=True)


@key.command("revoke")
@click.argument("fingerprint")
@in_organisation
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="In UTC.")
@click.option("--reason", required=True, help="For whoever reads the page of the keys; no names in it.")
@with_django
def revoke_key(fingerprint: str, organisation: str, since: datetime, reason: str) -> None:
    """Say in public that what an earlier key signs is not believed from a time on, as it may be in other hands.

    Bring the next key first (`import` or `token`): that one signs the revocation.
    """
    from milepost.journal.keys import revoke

    target = organisation_of(organisation)
    mark = fingerprint.lower().replace(":", "")
    revoke(target.pk, mark, since=since.replace(tzinfo=UTC), reason=reason)
    click.echo(f"{mark} is revoked since {since:%Y-%m-%d %H:%M} UTC; the page of the organisation's keys says so.")


@key.command("log")
@in_organisation
@with_django
def show_log_key(organisation: str) -> None:
    """Print the key of the organisation's transparency log, for its witnesses (a verifier key of C2SP signed-note)."""
    from milepost.journal import log_keys

    click.echo(log_keys.verifier_key(log_keys.current_log_key(organisation_of(organisation).pk)))


@key.command("renew-log")
@in_organisation
@with_django
def renew_log_key(organisation: str) -> None:
    """Sign the log with a new key from now on, named after the address of now; prints it. Witnesses have to be told."""
    from milepost.journal import log_keys

    click.echo(log_keys.verifier_key(log_keys.renew(organisation_of(organisation).pk)))


@key.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@in_organisation
@click.option("--password", prompt=True, hide_input=True, envvar="MILEPOST_KEY_PASSWORD", help="Of the PKCS#12 file.")
@with_django
def import_key(file: Path, organisation: str, password: str) -> None:
    """Sign with the key in the PKCS#12 file FILE from now on. What was signed before stays valid."""
    from milepost.journal.keys import import_pkcs12

    target = organisation_of(organisation)
    with about(file):
        taken = import_pkcs12(target.pk, file.read_bytes(), password=password)
    click.echo(f"{organisation} signs as {taken.subject}, until {taken.x509.not_valid_after_utc.date()}.")


@key.command("token")
@click.argument("token")
@click.argument("label")
@in_organisation
@click.option("--chain", type=click.Path(path_type=Path), help="PEM file with the certificates above the key's own.")
@with_django
def use_token(token: str, label: str, organisation: str, chain: Path | None) -> None:
    """Sign with the key LABEL in the PKCS#11 token TOKEN from now on. The private key never leaves it."""
    from cryptography import x509

    from milepost.journal import keys

    target = organisation_of(organisation)
    above = []
    if chain:
        with about(chain):
            try:
                above = x509.load_pem_x509_certificates(chain.read_bytes())
            except ValueError as error:
                raise keys.KeyRefused(str(error)) from error
    taken = keys.use_token(target.pk, token=token, label=label, chain=above)
    click.echo(f"{organisation} signs as {taken.subject}, until {taken.x509.not_valid_after_utc.date()}.")


@key.command("provider")
@click.argument("credential", required=False)
@in_organisation
@click.option("--end", is_flag=True, help="Have papers sealed by the provider no more.")
@with_django
def use_provider(credential: str | None, organisation: str, end: bool) -> None:
    """Have papers sealed by a trust service provider, too: CREDENTIAL is its credentialID there (CSC API).

    The organisation's own key seals everything at once as before; the provider's seal is added in the background.
    """
    from milepost.journal import keys

    target = organisation_of(organisation)
    if end:
        click.echo(f"{keys.end_provider(target.pk)} credentials of {organisation} are not used any more.")
        return
    if not credential:
        raise click.UsageError("Say which credential of the provider, or --end.")
    taken = keys.use_provider(target.pk, credential)
    click.echo(
        f"Papers of {organisation} are sealed by {taken.subject}, too, until {taken.x509.not_valid_after_utc.date()}."
    )


@key.command("rotate-secret")
@with_django
def rotate_secret() -> None:
    """Change the secret under which keys are kept, and links and sessions signed. All of them stay valid.

    Stop the server first, and start it afterwards. Where MILEPOST_SECRET_KEY gives the secret, set the new one there and
    the old one in MILEPOST_SECRET_KEY_FALLBACKS, on every host, before this. Running it again finishes what was begun.
    """
    from django.conf import settings

    from milepost.config import secret
    from milepost.config.variables import Variables

    if not Variables().text(secret.SECRET):
        _renew_the_one_in_the_data_folder()
        return
    if not settings.SECRET_KEY_FALLBACKS:
        fail("Set the new secret in MILEPOST_SECRET_KEY and the old one in MILEPOST_SECRET_KEY_FALLBACKS, first.")
    _keep_everything_under_it()


def _renew_the_one_in_the_data_folder() -> None:
    """Nobody else has the database open meanwhile: of two that began at once, one would put things under a secret that is nowhere
    any more, and a server that runs opens nothing of what is put under the new one.
    """
    from django.conf import settings

    from milepost.backup import loading
    from milepost.config import environment, secret
    from milepost.journal import keys

    def take() -> None:
        there = environment.read()
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = there.secret_key, there.earlier_secrets

    with loading.alone():
        take()  # as it is by now
        if not keys.kept_under_earlier_secret():
            secret.renew(settings.ENVIRONMENT.data)
            take()
        _keep_everything_under_it()


def _keep_everything_under_it() -> None:
    from milepost.core import encryption
    from milepost.journal import keys

    secrets = encryption.keep_under_current_secret()
    count = keys.keep_under_current_secret()  # last: as long as one waits, it is known that a change was begun
    click.echo(
        f"The secret is changed; {count} signing keys are kept under it, and {secrets} other secrets. Start the server."
    )
