from milepost.core.rooms import Room


class DeclarationsConfig(Room):
    name = "milepost.declarations"
