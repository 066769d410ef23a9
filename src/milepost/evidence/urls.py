from django.urls import path

from milepost.evidence import views

urlpatterns = [
    path("actions/", views.actions, name="actions"),
    path("actions/new/", views.new_action, name="new_action"),
    path("actions/<uuid:action>/", views.action, name="action"),
    path("actions/<uuid:action>/remedy/", views.remedy, name="action_remedy"),
    path("actions/<uuid:action>/pieces/", views.pieces, name="action_pieces"),
    path("actions/<uuid:action>/dossiers/", views.dossiers, name="action_dossiers"),
    path("actions/<uuid:action>/dossiers/<uuid:dossier>/", views.dossier, name="dossier"),
    path("journal/<int:entry>/proof/", views.entry_proof, name="entry_proof"),
]
