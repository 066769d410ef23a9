from django.urls import path

from milepost.people import views

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
