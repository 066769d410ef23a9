from milepost.core.rooms import Room


class RequirementsConfig(Room):
    name = "milepost.requirements"
