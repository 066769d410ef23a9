from django.urls import path, re_path

from milepost.courses.views import author, learner

urlpatterns = [
    path("courses/new/", author.new_course, name="new_course"),
    path("courses/<slug:slug>/", author.course_admin, name="course_admin"),
    path("courses/<slug:slug>/draft/", author.draft, name="course_draft"),
    path("courses/<slug:slug>/publication/", author.publication, name="publication"),
    path("courses/<slug:slug>/export/", author.export, name="course_export"),
    re_path(r"^media/(?P<digest>[0-9a-f]{64})/(?P<name>[\w.-]+)$", learner.media, name="media"),
]
