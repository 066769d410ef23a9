from django.urls import path

from milepost.analytics import views

urlpatterns = [
    path("courses/<slug:course>/numbers/", views.numbers, name="numbers"),
    path("courses/<slug:course>/numbers/people.csv", views.people_csv, name="people_csv"),
    path("courses/<slug:course>/numbers/people.xlsx", views.people_xlsx, name="people_xlsx"),
    path("courses/<slug:course>/numbers/<slug:module>/<slug:activity>/", views.assessment, name="assessment"),
]
