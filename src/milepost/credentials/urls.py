from django.urls import path

from milepost.credentials import public, views

urlpatterns = [
    path("certificates/", views.my_certificates, name="my_certificates"),
    path("certificates/<uuid:certificate>/", views.certificate, name="certificate"),
    path("certificates/<uuid:certificate>/pdf/", views.pdf, name="certificate_pdf"),
    path("certificates/<uuid:certificate>/badge/", views.badge, name="certificate_badge"),
    path("certificates/<uuid:certificate>/revocation/", views.revocation, name="certificate_revocation"),
    path("certificates/<uuid:certificate>/replacement/", views.replacement, name="certificate_replacement"),
    path("courses/<slug:course>/certificates/", views.course_certificates, name="course_certificates"),
]

# For anybody, outside of every organisation.
public_urlpatterns = [
    path("verify/", public.verify, name="verify"),
    path("verify/<str:code>/", public.verify_code, name="verify_code"),
    path("verify/<str:code>/proof/", public.proof, name="certificate_proof"),
    path("issuers/<uuid:organisation_uid>/", public.issuer, name="issuer"),
    path("issuers/<uuid:organisation_uid>/keys/<str:fingerprint>/", public.issuer_key, name="issuer_key"),
    path(
        "issuers/<uuid:organisation_uid>/achievements/<uuid:course>/<int:version>/",
        public.achievement,
        name="achievement",
    ),
]
