from milepost.core.rooms import Room


class ReceiptsConfig(Room):
    name = "milepost.receipts"
