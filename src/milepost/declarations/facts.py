"""What this room records: what an action and its people are for declarations, and each declaration that left."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, DAY, FLAG, SHA256, TEXT, UID, FactType, one_of

# Each tells all that is known from then on: the last one holds.
ACTION_DESCRIBED = FactType(
    "described",
    "action",
    is_office=True,
    result={
        "nature": TEXT,
        "objective?": TEXT,
        "funding?": TEXT,
        "speciality?": TEXT,
        "certification?": TEXT,
        "category?": TEXT,
        "is_entrusted": FLAG,
        "health_topic?": TEXT,
        "invoiced?": COUNT,
        "invoiced_on?": DAY,
        "hourly_price?": COUNT,
        "currency": TEXT,
    },
    sentence=gettext_lazy("Said for declarations what “%(object)s” is"),
    done_to=gettext_lazy("Described for declarations by %(actor)s"),
)
TRAINEE_DESCRIBED = FactType(
    "described",
    "trainee",
    is_office=True,
    result={"category?": TEXT, "cpf_number?": TEXT},
    context={"action": UID, "holder": UID},
    about="action",
    sentence=gettext_lazy("Said for declarations what %(object)s is"),
    done_to=gettext_lazy("Described for declarations by %(actor)s"),
)
DECLARATION_EXPORTED = FactType(
    "exported",
    "declaration",
    is_office=True,
    watched="exported",
    result={"sha256": SHA256, "rows": COUNT, "incomplete": COUNT},
    context={"year": COUNT, "form": one_of("csv", "xlsx")},
    sentence=gettext_lazy("Exported “%(object)s”"),
)
