from django.urls import path

from milepost.design import views

urlpatterns = [path("language/", views.language, name="language")]
