from milepost.core.rooms import Room


class AttestationsConfig(Room):
    name = "milepost.attestations"
