from milepost.core.rooms import Room


class DocumentsConfig(Room):
    name = "milepost.documents"
