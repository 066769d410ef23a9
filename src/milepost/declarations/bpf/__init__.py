"""The bilan pédagogique et financier of a training organisation: figures of a closed accounting year, by the frames of its form."""
