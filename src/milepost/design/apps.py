from milepost.core.rooms import Room


class DesignConfig(Room):
    name = "milepost.design"
