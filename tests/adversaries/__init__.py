"""Who might lie about training, and what they would try: tamperings that are generated from what there is, not listed by hand.

Four adversaries (docs/what-it-proves.md): somebody without the key (`outsider`), whoever holds it and signs anew all that a key signs
(`keyholder`), an administrator with the database and the files (`administrator`), and the operator who seals another journal
later, held against what others have of the first (`operator`). A new file, member, column or row is tried as soon as it is there.
"""
