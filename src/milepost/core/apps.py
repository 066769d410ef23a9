from milepost.core.rooms import Room


class CoreConfig(Room):
    name = "milepost.core"
