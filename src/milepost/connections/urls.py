from django.urls import path

from milepost.connections.views import reader

urlpatterns = [
    path(
        "actions/<uuid:action>/people/<uuid:person>/connection-record/",
        reader.connection_record,
        name="connection_record",
    ),
]
