from django.apps import AppConfig


class DesignConfig(AppConfig):
    name = "milepost.design"
