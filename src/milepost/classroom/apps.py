from milepost.core.rooms import Room


class ClassroomConfig(Room):
    name = "milepost.classroom"
