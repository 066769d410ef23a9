from django.urls import path

from milepost.analytics.views import lead

urlpatterns = [
    path("courses/<slug:slug>/numbers/", lead.numbers, name="numbers"),
    path("courses/<slug:slug>/numbers/<slug:report>.<slug:form>", lead.report, name="report"),
    path("courses/<slug:slug>/numbers/<slug:module>/<slug:activity>/", lead.assessment, name="assessment"),
]
