"""What this room records: that the log was taken out, and the key with which a program fetches it."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import FactType

LOG_EXPORTED = FactType(
    "exported",
    "security-log",
    is_office=True,
    watched="exported",
    sentence=gettext_lazy("Exported the security events"),
)
FEED_CREATED = FactType(
    "created",
    "security-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Made a key for fetching the security events"),
)
FEED_RENEWED = FactType(
    "renewed",
    "security-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Renewed the key for fetching the security events"),
)
FEED_REVOKED = FactType(
    "revoked",
    "security-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Ended the key for fetching the security events"),
)
