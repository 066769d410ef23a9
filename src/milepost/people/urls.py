from django.urls import include, path

from milepost.people import allauth_addresses
from milepost.people.views import (
    everybody,
    feed,
    hr,
    imports,
    merging,
    office,
    oneself,
    operator,
    owner,
    places,
    records,
)

urlpatterns = [
    path("people/", hr.people, name="people"),
    path("people/roles/", owner.roles, name="roles"),
    path("people/invitations/", hr.invitations, name="invitations"),
    path("people/places/", places.places, name="places"),
    path("people/places/<slug:kind>/", places.new_place, name="new_place"),
    path("people/places/<slug:kind>/<int:key>/", places.place, name="place"),
    path("people/new/", records.new_person, name="new_person"),
    path("people/<uuid:member>/record/", records.person_record, name="person_record"),
    path("people/<uuid:member>/leaving/", records.leaving, name="leaving"),
    path("people/<uuid:member>/absences/", records.new_absence, name="new_absence"),
    path("people/<uuid:member>/absences/<uuid:absence>/", records.absence, name="absence"),
    path("people/<uuid:member>/merging/", merging.merge, name="merge_person"),
    path("people/<uuid:member>/merging/undoing/", merging.separation, name="separate_person"),
    path("people/imports/new/", imports.new_import, name="new_people_import"),
    path("people/imports/by-itself/", feed.people_feed, name="people_feed"),
    path("people/imports/<uuid:draft>/", imports.people_import, name="people_import"),
    path("people/imports/<uuid:draft>/changes.csv", imports.people_import_changes, name="people_import_changes"),
    path("people/bulk-changes/", office.bulk_acts, name="bulk_acts"),
    path("people/bulk-changes/<uuid:act>/", office.bulk_act, name="bulk_act"),
    path("people/bulk-changes/<uuid:act>/undoing/", office.undo, name="undo"),
    path("people/<uuid:member>/", hr.person, name="person"),
    path("people/<uuid:member>/history/", hr.history, name="history"),
    path("people/<uuid:member>/roles/", owner.grants, name="grants"),
    path("people/<uuid:member>/sessions/", hr.signing_out, name="person_sessions"),
    path("people/<uuid:member>/second-factor/", owner.factor_reset, name="factor_reset"),
    path("settings/", owner.organisation_settings, name="organisation_settings"),
    path("settings/work/", owner.failed_jobs, name="failed_jobs"),
    path("settings/work/retried/", owner.retried_jobs, name="retried_jobs"),
]

public_urlpatterns = [
    # Not under <organisation>: a program has no session, and shows its key instead.
    path("<slug:slug>/people/file/", feed.sent_file, name="send_people_file"),
    path("", everybody.entrance, name="home"),
    path("accounts/organisations/", everybody.memberships, name="memberships"),
    path("accounts/organisations/<uuid:member>/", everybody.membership, name="membership"),
    path("accounts/second-factor/", oneself.second_factor, name="second_factor"),
    path("accounts/shared/", everybody.shared_computer, name="shared_computer"),
    path("accounts/devices/", oneself.devices, name="devices"),
    path("accounts/", include(allauth_addresses.addresses())),
    path("brand/<slug:slug>/<slug:fingerprint>.css", everybody.brand, name="brand"),
    path("brand/<slug:slug>/<slug:fingerprint>/logo", everybody.logo, name="logo"),
    path("invitations/<str:token>/", everybody.invitation, name="invitation"),
    path("outbox/", operator.outbox, name="outbox"),
    path("outbox/<str:name>/", operator.outbox_message, name="outbox_message"),
]
