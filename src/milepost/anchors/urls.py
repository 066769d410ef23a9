from django.urls import path

from milepost.anchors.views import program, stranger

public_urlpatterns = [
    path(".well-known/milepost.json", stranger.found, name="well_known"),
    path("log/verify.pyz", stranger.verify_program, name="verify_program"),
    path("log/verify.py", stranger.verify_program_before, name="verify_program_before"),
    path("log/<uuid:organisation_uid>/", stranger.log, name="log"),
    # C2SP tlog-tiles: the address below which all of a log is found has no slash at its end.
    path("log/<uuid:organisation_uid>/keys.json", stranger.keys, name="log_keys"),
    path("log/<uuid:organisation_uid>/checkpoint", stranger.checkpoint, name="log_checkpoint"),
    path("log/<uuid:organisation_uid>/tile/entries/<path:place>", stranger.entries, name="log_entries"),
    path("log/<uuid:organisation_uid>/tile/<int:level>/<path:place>", stranger.tile, name="log_tile"),
    # C2SP tlog-witness, for logs of others.
    path("witness/add-checkpoint", program.add_checkpoint, name="add_checkpoint"),
    path("witness/<str:origin_sha256>/checkpoint", program.witnessed, name="witnessed_checkpoint"),
]
