from milepost.core.rooms import Room


class VisitsConfig(Room):
    name = "tests.visits"
