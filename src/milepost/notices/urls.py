from django.urls import path

from milepost.notices.views import hr, reader, recipient

urlpatterns = [
    path("messages/", recipient.notice_preferences, name="notice_preferences"),
    path("messages/undelivered/", hr.undelivered, name="undelivered"),
    path("messages/undelivered/<uuid:notice>/", hr.notice, name="notice"),
    path("messages/preview/", hr.preview, name="notice_preview"),
    path("messages/preview/letter/", hr.preview_letter, name="notice_preview_letter"),
]

public_urlpatterns = [path("unsubscribe/<str:token>/", reader.unsubscribe, name="unsubscribe")]
