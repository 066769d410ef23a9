from django.urls import include, path

from milepost.people.views import everybody, hr, oneself, operator, owner

urlpatterns = [
    path("people/", hr.people, name="people"),
    path("people/roles/", owner.roles, name="roles"),
    path("people/invitations/", hr.invitations, name="invitations"),
    path("people/imports/new/", hr.new_import, name="new_people_import"),
    path("people/imports/<uuid:draft>/", hr.people_import, name="people_import"),
    path("people/<uuid:member>/", hr.person, name="person"),
    path("people/<uuid:member>/history/", hr.history, name="history"),
    path("people/<uuid:member>/roles/", owner.grants, name="grants"),
    path("settings/", owner.organisation_settings, name="organisation_settings"),
    path("settings/work/", owner.failed_jobs, name="failed_jobs"),
    path("settings/work/retried/", owner.retried_jobs, name="retried_jobs"),
]

public_urlpatterns = [
    path("", everybody.entrance, name="home"),
    path("accounts/devices/", oneself.devices, name="devices"),
    path("accounts/", include("allauth.urls")),
    path("brand/<slug:slug>/<slug:fingerprint>.css", everybody.brand, name="brand"),
    path("brand/<slug:slug>/<slug:fingerprint>/logo", everybody.logo, name="logo"),
    path("invitations/<str:token>/", everybody.invitation, name="invitation"),
    path("outbox/", operator.outbox, name="outbox"),
    path("outbox/<str:name>/", operator.outbox_message, name="outbox_message"),
]
