"""Where the media of courses are."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=1024)
def media_base(organisation: str) -> str:
    """What the addresses of an organisation's media begin with, such as /aldermoor/media/; worked out once a process."""
    digest = "0" * 64
    return reverse("media", args=[organisation, digest, "name"]).removesuffix(f"{digest}/name")
