from django.urls import path

from tests.visits import views

urlpatterns = [path("visits/", views.visits, name="visits")]
