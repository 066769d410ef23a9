from django.urls import path, re_path

from milepost.courses import views

urlpatterns = [
    path("courses/new/", views.new_course, name="new_course"),
    path("courses/<slug:course>/", views.course_admin, name="course_admin"),
    path("courses/<slug:course>/draft/", views.draft, name="course_draft"),
    path("courses/<slug:course>/publication/", views.publication, name="publication"),
    path("courses/<slug:course>/export/", views.export, name="course_export"),
    re_path(r"^media/(?P<digest>[0-9a-f]{64})/(?P<name>[\w.-]+)$", views.media, name="media"),
]
