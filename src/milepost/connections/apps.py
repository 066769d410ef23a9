from milepost.core.rooms import Room


class ConnectionsConfig(Room):
    name = "milepost.connections"
