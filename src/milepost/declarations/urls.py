from django.urls import path

from milepost.declarations.views import lead

urlpatterns = [
    path("actions/declarations/", lead.declarations, name="declarations"),
    path("actions/declarations/<slug:declaration>/<int:year>/", lead.declaration, name="declaration"),
    path(
        "actions/declarations/<slug:declaration>/<int:year>.<slug:form>", lead.declaration_file, name="declaration_file"
    ),
    path("actions/euros/", lead.euros, name="euros"),
    path("actions/<uuid:action>/declarations/", lead.action_described, name="action_described"),
    path("actions/<uuid:action>/euros/", lead.action_euros, name="action_euros"),
    path("actions/<uuid:action>/people/<uuid:person>/declarations/", lead.trainee_described, name="trainee_described"),
]
