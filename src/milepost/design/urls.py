from django.urls import path

from milepost.design import views

public_urlpatterns = [path("language/", views.language, name="language")]
