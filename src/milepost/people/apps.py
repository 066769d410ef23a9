from milepost.core.rooms import Room


class PeopleConfig(Room):
    name = "milepost.people"
