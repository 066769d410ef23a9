from milepost.core.rooms import Room


class AcknowledgementConfig(Room):
    name = "milepost.activities.acknowledgement"
