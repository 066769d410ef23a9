"""The demonstration organisation: built through the same verbs as the pages use. Nothing imports this room but the
command line.
"""
