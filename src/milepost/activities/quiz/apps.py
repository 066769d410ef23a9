from milepost.core.rooms import Room


class QuizConfig(Room):
    name = "milepost.activities.quiz"
