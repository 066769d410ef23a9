"""Every address: those outside of organisations, then everything else under an organisation."""

from django.urls import include, path

from milepost.classroom.urls import public_urlpatterns as classroom_urlpatterns
from milepost.config import health
from milepost.credentials.urls import public_urlpatterns
from milepost.documents.urls import public_urlpatterns as documents_urlpatterns
from milepost.evidence.urls import public_urlpatterns as evidence_urlpatterns
from milepost.notices.urls import public_urlpatterns as notices_urlpatterns
from milepost.people import devices, outbox_views
from milepost.people import views as people

# The order matters once: “courses/new/” stands before “courses/<course>/”.
organisation = [
    path("", include("milepost.people.urls")),
    path("", include("milepost.notices.urls")),
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
    path("accounts/devices/", devices.devices, name="devices"),
    path("accounts/", include("allauth.urls")),
    path("brand/<slug:slug>/<slug:mark>.css", people.brand, name="brand"),
    path("brand/<slug:slug>/<slug:mark>/logo", people.logo, name="logo"),
    path("invitations/<str:token>/", people.invitation, name="invitation"),
    path("", include("milepost.design.urls")),
    path("outbox/", outbox_views.outbox, name="outbox"),
    path("outbox/<str:name>/", outbox_views.outbox_message, name="outbox_message"),
    path("healthz", health.health, name="health"),
    *public_urlpatterns,
    *classroom_urlpatterns,
    *documents_urlpatterns,
    *notices_urlpatterns,
    *evidence_urlpatterns,
    path("<slug:organisation>/", include(organisation)),
]

handler403 = "milepost.design.views.forbidden"
handler404 = "milepost.design.views.not_found"
handler500 = "milepost.design.views.failed"
