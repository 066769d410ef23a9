"""The pages of people, by who looks: anybody at the door, HR, and those who decide for the organisation."""
