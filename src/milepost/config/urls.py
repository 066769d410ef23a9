"""Every address: the few that are nobody's, then everything else under an organisation."""

from django.urls import include, path

from milepost.classroom.urls import public_urlpatterns as classroom_urlpatterns
from milepost.credentials.urls import public_urlpatterns
from milepost.design import views as design
from milepost.documents.urls import public_urlpatterns as documents_urlpatterns
from milepost.evidence.urls import public_urlpatterns as evidence_urlpatterns
from milepost.people import views as people

# The order matters once: “courses/new/” stands before “courses/<course>/”.
organisation = [
    path("", include("milepost.people.urls")),
    path("", include("milepost.courses.urls")),
    path("", include("milepost.learning.urls")),
    path("", include("milepost.classroom.urls")),
    path("", include("milepost.documents.urls")),
    path("", include("milepost.credentials.urls")),
    path("", include("milepost.analytics.urls")),
    path("", include("milepost.evidence.urls")),
]

urlpatterns = [
    path("", people.entrance, name="home"),
    path("accounts/devices/", design.devices, name="devices"),
    path("accounts/", include("allauth.urls")),
    path("brand/<slug:slug>/<slug:mark>.css", people.brand, name="brand"),
    path("brand/<slug:slug>/<slug:mark>/logo", people.logo, name="logo"),
    path("invitations/<str:token>/", people.invitation, name="invitation"),
    path("language/", design.language, name="language"),
    path("outbox/", design.outbox, name="outbox"),
    path("outbox/<str:name>/", design.outbox_message, name="outbox_message"),
    path("healthz", design.health, name="health"),
    *public_urlpatterns,
    *classroom_urlpatterns,
    *documents_urlpatterns,
    *evidence_urlpatterns,
    path("<slug:organisation>/", include(organisation)),
]

handler403 = "milepost.design.views.forbidden"
handler404 = "milepost.design.views.not_found"
handler500 = "milepost.design.views.failed"
