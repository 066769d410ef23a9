from django.urls import path

from milepost.attestations.views import lead

urlpatterns = [
    path("actions/attestations/", lead.attestations, name="attestations"),
    path("actions/attestations/new/", lead.new_attestation, name="new_attestation"),
    path("actions/attestations/<uuid:attestation>/", lead.attestation, name="attestation"),
    path("actions/attestations/<uuid:attestation>/pdf/", lead.attestation_pdf, name="attestation_pdf"),
    path("actions/attestations/<uuid:attestation>/annex/", lead.attestation_annex, name="attestation_annex"),
    path(
        "actions/attestations/<uuid:attestation>/revocation/",
        lead.attestation_revocation,
        name="attestation_revocation",
    ),
]
