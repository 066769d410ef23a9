"""What says whether the installation is well: measures, each with its bound, hung on a registry by the room that knows.

    probes.register("mail", Probe(oldest_waiting, bound=900))           # registered.py; `oldest_waiting` is in seconds

`/readyz` asks all of them (milepost.config.monitoring), at most every few seconds; so a measure is one small query or two,
and has nothing of any organisation in what it says. None says that there is nothing to measure, and that all is well.
"""

from collections.abc import Callable
from dataclasses import dataclass

from milepost.core.registry import Registry


@dataclass(frozen=True)
class Probe:
    """A measure and its bound. `is_floor`: it may not fall below; otherwise it may not rise above.

    Without what `is_vital` no page can be shown, so a balancer sends people to another host; the others are for whoever
    watches over the installation.
    """

    measure: Callable[[], float | None]
    bound: float
    unit: str = "seconds"
    is_floor: bool = False
    is_vital: bool = False


@dataclass(frozen=True)
class Reading:
    """What a probe said."""

    is_well: bool
    value: float | None = None
    trouble: str = ""


def read(probe: Probe) -> Reading:
    """Ask the probe now. One that fails says that something is wrong, and never more than that."""
    try:
        value = probe.measure()
    except Exception as error:  # whatever it is: somebody must be told, and the others asked
        return Reading(False, trouble=f"{type(error).__name__}: {error}".strip())
    if value is None:
        return Reading(True)
    return Reading(value >= probe.bound if probe.is_floor else value <= probe.bound, value)


probes: Registry[Probe] = Registry("probe")
