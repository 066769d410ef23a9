from django.urls import path

from milepost.learning.views import lead, learner

urlpatterns = [
    path("", learner.home, name="my_learning"),
    path("catalogue/", learner.catalogue, name="catalogue"),
    path("catalogue/<slug:slug>/", learner.course, name="course"),
    path("catalogue/<slug:slug>/enrolment/", learner.own_enrolment, name="own_enrolment"),
    path("learn/<slug:slug>/", learner.learn, name="learn"),
    path("learn/<slug:slug>/completion/", learner.completion, name="completion"),
    path("learn/<slug:slug>/<slug:module>/<slug:activity>/", learner.activity, name="activity"),
    path(
        "learn/<slug:slug>/<slug:module>/<slug:activity>/<slug:resource>/", learner.resource, name="activity_resource"
    ),
    path("courses/", lead.courses, name="courses"),
    path("courses/<slug:slug>/enrolments/", lead.enrolments, name="enrolments"),
    path("courses/<slug:slug>/enrolments/new/", lead.new_enrolments, name="new_enrolments"),
    path("courses/<slug:slug>/enrolments/again/", lead.new_rounds, name="new_rounds"),
    path("courses/<slug:slug>/enrolments/<uuid:member>/", lead.enrolment, name="enrolment"),
]
