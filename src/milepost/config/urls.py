"""Every address: those outside of organisations, then everything else under an organisation, as the rooms bring them."""

from django.urls import include, path

from milepost.config import health
from milepost.core.rooms import rooms

urlpatterns = [
    path("healthz", health.health, name="health"),
    *(address for room in rooms() for address in room.public_addresses),
    path("<slug:organisation>/", include([address for room in rooms() for address in room.addresses])),
]

handler403 = "milepost.design.views.forbidden"
handler404 = "milepost.design.views.not_found"
handler500 = "milepost.design.views.failed"
