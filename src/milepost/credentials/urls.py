from django.urls import path

from milepost.credentials.views import lead, learner, visitor

urlpatterns = [
    path("certificates/", learner.my_certificates, name="my_certificates"),
    path("certificates/<uuid:certificate>/", learner.certificate, name="certificate"),
    path("certificates/<uuid:certificate>/pdf/", learner.pdf, name="certificate_pdf"),
    path("certificates/<uuid:certificate>/badge/", learner.badge, name="certificate_badge"),
    path("certificates/<uuid:certificate>/badge/json/", learner.badge_json, name="certificate_badge_json"),
    path("certificates/<uuid:certificate>/revocation/", lead.revocation, name="certificate_revocation"),
    path("certificates/<uuid:certificate>/replacement/", lead.replacement, name="certificate_replacement"),
    path("courses/<slug:course>/certificates/", lead.course_certificates, name="course_certificates"),
]

# For anybody, outside of every organisation.
public_urlpatterns = [
    path("verify/", visitor.verify, name="verify"),
    path("verify/<str:code>/", visitor.verify_code, name="verify_code"),
    path("verify/<str:code>/proof/", visitor.proof, name="certificate_proof"),
    path("issuers/<uuid:organisation_uid>/", visitor.issuer, name="issuer"),
    path("issuers/<uuid:organisation_uid>/did.json", visitor.issuer_did, name="issuer_did"),
    path("issuers/<uuid:organisation_uid>/jwks.json", visitor.issuer_key_set, name="issuer_key_set"),
    path("issuers/<uuid:organisation_uid>/status/<int:number>/", visitor.status_list, name="status_list"),
    path("issuers/<uuid:organisation_uid>/keys/<str:fingerprint>/", visitor.issuer_key, name="issuer_key"),
    path(
        "issuers/<uuid:organisation_uid>/achievements/<uuid:course>/<int:version>/",
        visitor.achievement,
        name="achievement",
    ),
]
