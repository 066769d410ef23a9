from django.urls import path

from milepost.documents import public, views

urlpatterns = [
    path("documents/", views.documents, name="documents"),
    path("documents/new/", views.new_document, name="new_document"),
    path("documents/bulk/", views.bulk, name="bulk_documents"),
    path("documents/wordings/<slug:kind>/<slug:language>/", views.wording, name="wording"),
    path("documents/wordings/<slug:kind>/<slug:language>/preview/", views.wording_preview, name="wording_preview"),
    path("documents/<uuid:document>/", views.document, name="document"),
    path("documents/<uuid:document>/file/", views.file, name="document_file"),
    path("documents/<uuid:document>/pages/<int:number>/", views.page, name="document_page"),
    path("documents/<uuid:document>/places/", views.places, name="document_places"),
    path("documents/<uuid:document>/annexes/", views.annexes, name="document_annexes"),
    path("documents/<uuid:document>/request/", views.signature_request, name="signature_request"),
    path("documents/<uuid:document>/reminders/", views.reminders, name="signature_reminders"),
    path("documents/<uuid:document>/withdrawal/", views.withdrawal, name="signature_withdrawal"),
]

# For whoever was asked to sign, outside of every organisation.
public_urlpatterns = [
    path("d/<str:token>/", public.signatory, name="signatory"),
    path("d/<str:token>/pages/<int:number>/", public.page, name="signatory_page"),
    path("d/<str:token>/file/", public.file, name="signatory_file"),
    path("d/<str:token>/annexes/<int:number>/", public.annex, name="signatory_annex"),
    path("d/<str:token>/code/", public.code, name="signatory_code"),
    path("d/<str:token>/refusal/", public.refusal, name="signatory_refusal"),
    path("d/<str:token>/delegation/", public.delegation, name="signatory_delegation"),
]
