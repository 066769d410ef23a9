from milepost.core.rooms import Room


class AudiencesConfig(Room):
    name = "milepost.audiences"
