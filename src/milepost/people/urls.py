from django.urls import include, path

from milepost.people import devices, outbox_views, views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/roles/", views.roles, name="roles"),
    path("people/invitations/", views.invitations, name="invitations"),
    path("people/imports/new/", views.new_import, name="new_people_import"),
    path("people/imports/<uuid:draft>/", views.people_import, name="people_import"),
    path("people/<uuid:member>/", views.person, name="person"),
    path("people/<uuid:member>/history/", views.history, name="history"),
    path("people/<uuid:member>/roles/<slug:role>/", views.role, name="role"),
    path("settings/", views.organisation_settings, name="organisation_settings"),
]

public_urlpatterns = [
    path("", views.entrance, name="home"),
    path("accounts/devices/", devices.devices, name="devices"),
    path("accounts/", include("allauth.urls")),
    path("brand/<slug:slug>/<slug:mark>.css", views.brand, name="brand"),
    path("brand/<slug:slug>/<slug:mark>/logo", views.logo, name="logo"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("outbox/", outbox_views.outbox, name="outbox"),
    path("outbox/<str:name>/", outbox_views.outbox_message, name="outbox_message"),
]
