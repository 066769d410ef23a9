from django.urls import path

from milepost.documents.views import lead, signatory, wording

urlpatterns = [
    path("documents/", lead.documents, name="documents"),
    path("documents/new/", lead.new_document, name="new_document"),
    path("documents/bulk/", lead.bulk, name="bulk_documents"),
    path("documents/wordings/<slug:kind>/<slug:language>/", wording.wording, name="wording"),
    path("documents/wordings/<slug:kind>/<slug:language>/preview/", wording.wording_preview, name="wording_preview"),
    path("documents/<uuid:document>/", lead.document, name="document"),
    path("documents/<uuid:document>/file/", lead.file, name="document_file"),
    path("documents/<uuid:document>/pages/<int:number>/", lead.page, name="document_page"),
    path("documents/<uuid:document>/places/", lead.places, name="document_places"),
    path("documents/<uuid:document>/annexes/", lead.annexes, name="document_annexes"),
    path("documents/<uuid:document>/request/", lead.signature_request, name="signature_request"),
    path("documents/<uuid:document>/reminders/", lead.reminders, name="signature_reminders"),
    path(
        "documents/<uuid:document>/delegations/<uuid:signatory>/", lead.delegation, name="signature_delegation_answer"
    ),
    path("documents/<uuid:document>/links/<uuid:signatory>/", lead.signatory_link, name="signature_link"),
    path("documents/<uuid:document>/withdrawal/", lead.withdrawal, name="signature_withdrawal"),
]

# For whoever was asked to sign, outside of every organisation.
public_urlpatterns = [
    path("d/<str:token>/", signatory.signatory, name="signatory"),
    path("d/<str:token>/pages/<int:number>/", signatory.page, name="signatory_page"),
    path("d/<str:token>/file/", signatory.file, name="signatory_file"),
    path("d/<str:token>/annexes/<int:number>/", signatory.annex, name="signatory_annex"),
    path("d/<str:token>/code/", signatory.code, name="signatory_code"),
    path("d/<str:token>/refusal/", signatory.refusal, name="signatory_refusal"),
    path("d/<str:token>/delegation/", signatory.delegation, name="signatory_delegation"),
]
