from milepost.core.rooms import Room


class NoticesConfig(Room):
    name = "milepost.notices"
