"""Every address: those outside of organisations, then everything else under an organisation, as the rooms bring them."""

from django.urls import include, path

from milepost.config.monitoring import ANSWERS
from milepost.config.security_txt import security_txt
from milepost.core.rooms import rooms

urlpatterns = [
    # The middleware answers them; here they are names that no organisation can take.
    *(path(address.removeprefix("/"), answer) for address, answer in ANSWERS.items()),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    *(address for room in rooms() for address in room.public_addresses),
    path("<slug:organisation>/", include([address for room in rooms() for address in room.addresses])),
]

handler400 = "milepost.design.views.unreadable"
handler403 = "milepost.design.views.forbidden"
handler404 = "milepost.people.views.everybody.not_found"
handler429 = "milepost.people.limits.too_many_tries"  # of allauth’s pages; ours raise `TooManyTries`
handler500 = "milepost.design.views.failed"
