from milepost.core.rooms import Room


class LearningConfig(Room):
    name = "milepost.learning"
