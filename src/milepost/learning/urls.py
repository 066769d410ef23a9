from django.urls import path

from milepost.learning import leading, views

urlpatterns = [
    path("", views.home, name="my_learning"),
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/<slug:course>/", views.course, name="course"),
    path("catalogue/<slug:course>/enrolment/", views.own_enrolment, name="own_enrolment"),
    path("learn/<slug:course>/", views.learn, name="learn"),
    path("learn/<slug:course>/completion/", views.completion, name="completion"),
    path("learn/<slug:course>/<slug:module>/<slug:activity>/", views.activity, name="activity"),
    path(
        "learn/<slug:course>/<slug:module>/<slug:activity>/<slug:resource>/", views.resource, name="activity_resource"
    ),
    path("courses/", leading.courses, name="courses"),
    path("courses/<slug:course>/enrolments/", leading.enrolments, name="enrolments"),
    path("courses/<slug:course>/enrolments/new/", leading.new_enrolments, name="new_enrolments"),
    path("courses/<slug:course>/enrolments/<uuid:member>/", leading.enrolment, name="enrolment"),
]
