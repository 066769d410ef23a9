from django.urls import path

from milepost.evidence.views import auditor, hr, lead, person, reader, rights

urlpatterns = [
    path("actions/", lead.actions, name="actions"),
    path("actions/new/", lead.new_action, name="new_action"),
    path("actions/retention/", lead.retention_page, name="retention"),
    path("actions/<uuid:action>/", lead.action, name="action"),
    path("actions/<uuid:action>/details/", lead.action_details, name="action_details"),
    path("actions/<uuid:action>/remedy/", lead.remedy, name="action_remedy"),
    path("actions/<uuid:action>/pieces/", lead.pieces, name="action_pieces"),
    path("actions/<uuid:action>/people/", lead.action_people, name="action_people"),
    path("actions/<uuid:action>/people/<uuid:person>/", lead.action_person, name="action_person"),
    path("actions/<uuid:action>/dossiers/", lead.dossiers, name="action_dossiers"),
    path("actions/<uuid:action>/dossiers/<uuid:dossier>/", lead.dossier, name="dossier"),
    path("actions/<uuid:action>/letting-go/", lead.letting_go, name="letting_go"),
    path("audits/", lead.audits, name="audits"),
    path("audits/new/", lead.new_audit, name="new_audit"),
    path("audits/<uuid:audit>/", lead.audit, name="audit"),
    path("audits/<uuid:audit>/end/", lead.audit_end, name="audit_end"),
    path("journal/", reader.journal, name="journal"),
    path("journal/<int:entry>/", reader.entry, name="entry"),
    path("journal/<int:entry>/proof/", reader.entry_proof, name="entry_proof"),
    path("rights/", rights.rights, name="rights"),
    path("rights/copy/", rights.rights_copy, name="rights_copy"),
    path("my-data/", person.my_data, name="my_data"),
    path("people/<uuid:member>/data/", person.data_export, name="data_export"),
    path("people/<uuid:member>/erasure/", hr.erasure, name="erasure"),
]

_action = "audit/<str:token>/actions/<uuid:action>/"
public_urlpatterns = [
    path("audit/<str:token>/", auditor.audit_room, name="audit_room"),
    path(_action, auditor.audit_action, name="audit_action"),
    path(_action + "people/", auditor.audit_people, name="audit_people"),
    path(_action + "people/<uuid:person>/", auditor.audit_person, name="audit_person"),
    path(_action + "files/<slug:kind>/<int:number>/", auditor.audit_file, name="audit_file"),
    path(_action + "journal/<int:entry>/", auditor.audit_entry, name="audit_entry"),
    path(_action + "journal/<int:entry>/proof/", auditor.audit_proof, name="audit_proof"),
]
