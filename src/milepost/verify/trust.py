"""Whom the reader trusts, beside the organisation’s own key."""

from dataclasses import dataclass, field

from .report import State
from .time_stamps import Authorities
from .witnesses import Policy


@dataclass(frozen=True)
class Trust:
    """Witnesses, as many as the policy wants, authorities whose time stamps count, and what a dossier of before came to, if there is one."""

    policy: Policy = field(default_factory=Policy)
    authorities: Authorities = field(default_factory=Authorities)
    before: State | None = None
