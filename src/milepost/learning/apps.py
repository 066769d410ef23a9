from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "milepost.learning"

    def ready(self) -> None:
        from milepost.courses import publishing
        from milepost.learning.carrying_over import carry_over
        from milepost.learning.sections import courses_of
        from milepost.people import sections

        if carry_over not in publishing.listeners:
            publishing.listeners.append(carry_over)
        sections.register(courses_of)
