from django.urls import path

from milepost.security.views import owner, program

urlpatterns = [
    path("security/", owner.events, name="security_events"),
    path("security/events.csv", owner.table, name="security_table"),
    path("security/usage/", owner.usage, name="usage"),
    path("security/key/", owner.key, name="security_key"),
]

public_urlpatterns = [
    # Not under <organisation>: a program has no session, and shows its key instead.
    path("<slug:slug>/security/events.jsonl", program.events, name="security_feed"),
]
