from milepost.core.rooms import Room


class CoursesConfig(Room):
    name = "milepost.courses"
