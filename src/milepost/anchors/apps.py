from milepost.core.rooms import Room


class AnchorsConfig(Room):
    name = "milepost.anchors"
