"""How an organisation looks, for pages without an account (those with one have `brand` in their context), and devices."""

from django import template

from milepost.people.context import Brand
from milepost.people.models import Organisation
from milepost.people.sessions import device_name

register = template.Library()
register.filter("device", device_name)


@register.filter
def brand(organisation: Organisation) -> Brand:
    """Whose page it is, as `design/components/letterhead.html` takes it."""
    return Brand.of(organisation)
