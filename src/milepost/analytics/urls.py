from django.urls import path

from milepost.analytics import views

urlpatterns = [
    path("courses/<slug:course>/numbers/", views.numbers, name="numbers"),
    path("courses/<slug:course>/numbers/<slug:report>.<slug:form>", views.report, name="report"),
    path("courses/<slug:course>/numbers/<slug:module>/<slug:activity>/", views.assessment, name="assessment"),
]
