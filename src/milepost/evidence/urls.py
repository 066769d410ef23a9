from django.urls import path

from milepost.evidence import audit_room, audit_views, journal_views, rights_views, views

urlpatterns = [
    path("actions/", views.actions, name="actions"),
    path("actions/new/", views.new_action, name="new_action"),
    path("actions/retention/", rights_views.retention_page, name="retention"),
    path("actions/<uuid:action>/", views.action, name="action"),
    path("actions/<uuid:action>/remedy/", views.remedy, name="action_remedy"),
    path("actions/<uuid:action>/pieces/", views.pieces, name="action_pieces"),
    path("actions/<uuid:action>/people/", views.action_people, name="action_people"),
    path("actions/<uuid:action>/people/<uuid:person>/", views.action_person, name="action_person"),
    path("actions/<uuid:action>/dossiers/", views.dossiers, name="action_dossiers"),
    path("actions/<uuid:action>/dossiers/<uuid:dossier>/", views.dossier, name="dossier"),
    path("actions/<uuid:action>/letting-go/", rights_views.letting_go, name="letting_go"),
    path("audits/", audit_views.audits, name="audits"),
    path("audits/new/", audit_views.new_audit, name="new_audit"),
    path("audits/<uuid:audit>/", audit_views.audit, name="audit"),
    path("audits/<uuid:audit>/end/", audit_views.audit_end, name="audit_end"),
    path("journal/", journal_views.journal, name="journal"),
    path("journal/<int:entry>/", journal_views.entry, name="entry"),
    path("journal/<int:entry>/proof/", journal_views.entry_proof, name="entry_proof"),
    path("my-data/", rights_views.my_data, name="my_data"),
    path("people/<uuid:member>/data/", rights_views.data_export, name="data_export"),
    path("people/<uuid:member>/erasure/", rights_views.erasure, name="erasure"),
]

_action = "audit/<str:token>/actions/<uuid:action>/"
public_urlpatterns = [
    path("audit/<str:token>/", audit_room.audit_room, name="audit_room"),
    path(_action, audit_room.audit_action, name="audit_action"),
    path(_action + "people/", audit_room.audit_people, name="audit_people"),
    path(_action + "people/<uuid:person>/", audit_room.audit_person, name="audit_person"),
    path(_action + "files/<slug:kind>/<int:number>/", audit_room.audit_file, name="audit_file"),
    path(_action + "journal/<int:entry>/", audit_room.audit_entry, name="audit_entry"),
    path(_action + "journal/<int:entry>/proof/", audit_room.audit_proof, name="audit_proof"),
]
