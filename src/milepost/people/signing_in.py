"""Signing in with django-allauth: an account appears when a person whom an organisation knows first asks for one.

The HR file makes members, not accounts. When somebody asks for a sign-in code (or follows an invitation), and an
active member has that address, the account is made then, and linked to every membership with that address as
soon as the address is proven.
"""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import RequestLoginCodeForm as BaseRequestLoginCodeForm
from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.account.signals import user_logged_in
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from milepost.core import clock
from milepost.journal.recording import record
from milepost.people.facts import MEMBER_JOINED, MEMBER_SIGNED_IN
from milepost.people.models import Member, User


def account_for(email: str) -> User | None:
    """The account with this address, made now if an active member has the address; None for strangers."""
    address = email.strip().lower()
    user = User.objects.filter(email=address).first()
    if user is None and Member.objects.active().filter(email=address).exists():
        try:
            with transaction.atomic():
                user = User.objects.create_user(address)
                EmailAddress.objects.create(user=user, email=address, primary=True, verified=False)
        except IntegrityError:  # somebody pressed twice
            user = User.objects.get(email=address)
    return user


def link_memberships(user: User) -> None:
    """Give `user` every membership that has one of their proven addresses. Records `joined` once for each."""
    proven = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    with transaction.atomic():
        taken = Member.objects.filter(user=user).values("organisation_id")
        waiting = Member.objects.select_for_update(of=("self",)).filter(email__in=list(proven), user=None)
        for member in waiting.exclude(organisation_id__in=taken):
            member.user = user
            member.joined_at = clock.now()
            member.save(update_fields=["user", "joined_at", "searchable"])
            reference = member.as_reference()
            record(MEMBER_JOINED, organisation=member.organisation, actor=reference, object=reference)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What differs from allauth's own ways: nobody signs up unasked. Its mails are sent by `notices.sign_in_mails`."""

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be led there after signing in; what is no address at all is not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # urlsplit of http://[::1
            return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class RequestLoginCodeForm(BaseRequestLoginCodeForm):  # type: ignore[misc]
    """Asks for a code; makes the account first when an organisation knows the address."""

    def clean_email(self) -> str:
        account_for(self.cleaned_data["email"])
        return str(super().clean_email())


class ResetPasswordForm(BaseResetPasswordForm):  # type: ignore[misc]
    """Sets a new password; makes the account first when an organisation knows the address."""

    def clean_email(self) -> str:
        account_for(self.cleaned_data["email"])
        return str(super().clean_email())


def connect() -> None:
    """Listen for sign-ins."""
    user_logged_in.connect(_on_sign_in, dispatch_uid="milepost.people")


def _on_sign_in(request: HttpRequest, user: User, **_rest: object) -> None:
    link_memberships(user)
    with transaction.atomic():
        for member in Member.objects.active().filter(user=user).select_related("organisation"):
            reference = member.as_reference()
            record(MEMBER_SIGNED_IN, organisation=member.organisation, actor=reference, object=reference)
