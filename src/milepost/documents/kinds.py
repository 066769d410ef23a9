"""The kinds of documents that Milepost writes: which blocks of words they have, and who signs them.

A block's words may name values in braces, like {title}. An organisation may say any block in its own words and add
clauses: see `wordings`.
"""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

# Every value that words may name, with what it is.
VALUES: dict[str, str | Promise] = {
    "organisation": gettext_lazy("name of the organisation"),
    "organisation_address": gettext_lazy("its postal address"),
    "registration": gettext_lazy("its registration number"),
    "certifier": gettext_lazy("who certifies"),
    "representative": gettext_lazy("who represents it"),
    "capacity": gettext_lazy("in which capacity"),
    "organisation_party": gettext_lazy("the organisation with address, number and representative"),
    "client": gettext_lazy("the other party"),
    "client_address": gettext_lazy("postal address of the other party"),
    "client_registration": gettext_lazy("registration number of the other party"),
    "client_representative": gettext_lazy("who represents the other party"),
    "client_capacity": gettext_lazy("in which capacity for the other party"),
    "client_party": gettext_lazy("the other party with address, number and representative"),
    "person": gettext_lazy("the person it is about"),
    "employer": gettext_lazy("the person’s employer"),
    "title": gettext_lazy("title of the training"),
    "reference": gettext_lazy("reference"),
    "objectives": gettext_lazy("objectives"),
    "content": gettext_lazy("content"),
    "period": gettext_lazy("first and last day"),
    "dates": gettext_lazy("dates and hours"),
    "place": gettext_lazy("place and modality"),
    "hours": gettext_lazy("duration"),
    "distance": gettext_lazy("how much of it is done at a distance"),
    "help": gettext_lazy("help for those who learn at a distance"),
    "means": gettext_lazy("means"),
    "price": gettext_lazy("price and terms of payment"),
    "people": gettext_lazy("participants"),
    "date": gettext_lazy("today’s date"),
    "score": gettext_lazy("result"),
}


@dataclass(frozen=True)
class Block:
    """A part of a document: a heading (may be empty) and its words, as they are unless the organisation changes them."""

    name: str
    heading: str | Promise
    words: str | Promise


@dataclass(frozen=True)
class DocumentKind:
    """One kind of document. `signatories` are in which capacity people sign, in their order.

    Of one that `is_one_each`, one person has one for one thing: two papers that certify the same are none.
    """

    name: str
    label: str | Promise
    blocks: tuple[Block, ...]
    facts: tuple[str, ...] = ()  # values that stand in the head
    signatories: tuple[str | Promise, ...] = field(default=())
    is_one_each: bool = False


AGREEMENT = DocumentKind(
    "agreement", gettext_lazy("Training agreement"), facts=("reference", "period", "dates", "hours", "place"),
    signatories=(gettext_lazy("for the training organisation"), gettext_lazy("for the client")),
    blocks=(
        Block("parties", gettext_lazy("Parties"), gettext_lazy("The training organisation: {organisation_party}.\nThe client: {client_party}.")),
        Block("object", gettext_lazy("Object"), gettext_lazy("{organisation} carries out the training “{title}” for the people named below: {people}.")),
        Block("objectives", gettext_lazy("Objectives"), "{objectives}"),
        Block("content", gettext_lazy("Content"), "{content}"),
        Block("means", gettext_lazy("Means and support"), "{means}\n{help}"),
        Block("period", gettext_lazy("Duration and period"), gettext_lazy("Period: {period}.\nDuration: {hours}.\nLive: {dates}.\nWhere and how: {place}.\n{distance}")),
        Block("follow_up", gettext_lazy("How it is delivered, followed and sanctioned"), gettext_lazy("Attendance is signed by each participant once a half-day and by the trainer. What is done at a distance is followed by the platform. A certificate of completion is issued at the end.")),
        Block("price", gettext_lazy("Price and payment"), gettext_lazy("{price}")),
        Block("withdrawal", gettext_lazy("Withdrawal and disputes"), gettext_lazy("Either party may withdraw in writing up to ten working days before the beginning. What was not carried out is not invoiced. A dispute that talks do not settle goes to the competent court.")),
    ),
)  # fmt: skip
CONVOCATION = DocumentKind(
    "convocation", gettext_lazy("Convocation"), facts=("reference", "dates", "place", "hours"),
    blocks=(
        Block("greeting", "", gettext_lazy("{person}, you are expected at the training “{title}”.")),
        Block("when", gettext_lazy("When and where"), gettext_lazy("{dates}. {place}.")),
        Block("what", gettext_lazy("What it is about"), "{objectives}"),
        Block("bring", gettext_lazy("To know before you come"), gettext_lazy("Attendance is signed on your own phone, once a half-day. If a disability or anything else makes it hard for you to take part, tell us: we will find a way.")),
    ),
)  # fmt: skip
PROGRAMME = DocumentKind(
    "programme", gettext_lazy("Programme"), facts=("reference", "hours", "place"),
    blocks=(
        Block("public", gettext_lazy("For whom"), gettext_lazy("Whoever needs these skills at work. Nothing is asked for beforehand.")),
        Block("objectives", gettext_lazy("Objectives"), "{objectives}"),
        Block("content", gettext_lazy("Content"), "{content}"),
        Block("means", gettext_lazy("Means and support"), "{means}\n{help}"),
        Block("assessment", gettext_lazy("Assessment"), gettext_lazy("Questions during and at the end of the training show whether the objectives are met.")),
        Block("access", gettext_lazy("Access"), gettext_lazy("The disability referent of {organisation} looks for an adaptation with everybody who needs one.")),
    ),
)  # fmt: skip
NON_DISCLOSURE = DocumentKind(
    "non-disclosure", gettext_lazy("Non-disclosure agreement"), facts=("date",),
    signatories=(gettext_lazy("for the organisation"), gettext_lazy("the person bound")),
    blocks=(
        Block("parties", gettext_lazy("Parties"), gettext_lazy("Between {organisation}, {organisation_address}, and {person}.")),
        Block("what", gettext_lazy("What is confidential"), gettext_lazy("Everything that {person} learns about {organisation}, its people and its clients in the course of “{title}”, unless it is public.")),
        Block("duty", gettext_lazy("Duty"), gettext_lazy("{person} tells it to nobody, uses it for nothing else, and gives back or destroys every copy at the end.")),
        Block("term", gettext_lazy("Term"), gettext_lazy("The duty holds from the signature on and for five years after the end of the work.")),
    ),
)  # fmt: skip
COMPLETION = DocumentKind(
    "completion", gettext_lazy("Certificate of completion"), facts=("reference", "dates", "hours", "place"),
    signatories=(gettext_lazy("who certifies"),), is_one_each=True,
    blocks=(
        Block("statement", "", gettext_lazy("I, {certifier}, for {organisation} ({registration}), certify that {person}, employed by {employer}, has followed the training action “{title}”.")),
        Block("hours", gettext_lazy("Hours actually done"), "{hours}"),
        Block("records", "", gettext_lazy("I keep all records from which this certificate follows for three years from the end of the year of the last payment.")),
    ),
)  # fmt: skip
ACHIEVEMENT = DocumentKind(
    "achievement", gettext_lazy("Certificate of achievement"), facts=("dates", "hours"),
    signatories=(gettext_lazy("who certifies"),), is_one_each=True,
    blocks=(
        Block("statement", "", gettext_lazy("{person} has met the objectives of “{title}” with this result: {score}.")),
        Block("objectives", gettext_lazy("Objectives"), "{objectives}"),
    ),
)  # fmt: skip
# Of what an agreement must name (in France L6353-1 and D6353-1): the values without which it is not whole.
AGREED = (
    *("organisation_address", "registration", "representative", "capacity"),
    *("client", "client_address", "client_registration", "client_representative", "client_capacity"),
    *("title", "objectives", "period", "hours", "price"),
)
KINDS = {kind.name: kind for kind in (AGREEMENT, CONVOCATION, PROGRAMME, NON_DISCLOSURE, COMPLETION, ACHIEVEMENT)}
