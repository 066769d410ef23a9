from django.urls import path

from milepost.requirements.views import lead

urlpatterns = [
    path("requirements/", lead.requirements, name="requirements"),
    path("requirements/new/", lead.new_requirement, name="new_requirement"),
    path("requirements/matrix/", lead.matrix, name="compliance_matrix"),
    path("requirements/matrix/csv/", lead.matrix_file, {"form": "csv"}, name="compliance_matrix_csv"),
    path("requirements/matrix/xlsx/", lead.matrix_file, {"form": "xlsx"}, name="compliance_matrix_xlsx"),
    path("requirements/<uuid:uid>/", lead.requirement, name="requirement"),
    path("requirements/<uuid:uid>/change/", lead.change, name="change_requirement"),
    path("requirements/<uuid:uid>/file/<slug:form>/", lead.requirement_file, name="requirement_file"),
    path("requirements/<uuid:uid>/as-of/", lead.as_of, name="requirement_as_of"),
    path("requirements/<uuid:uid>/as-of/<slug:form>/", lead.as_of_file, name="requirement_as_of_file"),
    path("requirements/<uuid:uid>/people/<uuid:member>/", lead.person, name="requirement_person"),
]
