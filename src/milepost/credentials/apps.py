from milepost.core.rooms import Room


class CredentialsConfig(Room):
    name = "milepost.credentials"
