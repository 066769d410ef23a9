"""The passeport de prévention: what an employer declares of the health and safety training of its employees."""
