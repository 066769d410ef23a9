from django.urls import path

from milepost.notices.views import office, personal, public

urlpatterns = [
    path("messages/", personal.notice_preferences, name="notice_preferences"),
    path("messages/undelivered/", office.undelivered, name="undelivered"),
    path("messages/undelivered/<uuid:notice>/", office.notice, name="notice"),
    path("messages/preview/", office.preview, name="notice_preview"),
    path("messages/preview/letter/", office.preview_letter, name="notice_preview_letter"),
]

public_urlpatterns = [path("unsubscribe/<str:token>/", public.unsubscribe, name="unsubscribe")]
