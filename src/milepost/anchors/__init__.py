"""What others hold of journals, so that nobody who runs this installation can tell another past: anchors outside of it.

| to find | look in |
| --- | --- |
| what strangers read: keys, checkpoints, hashes of the tree, `verify.pyz` | `publishing`, `views/stranger` |
| cosigning the journals of others (C2SP tlog-witness) | `witnessing`, `views/program` |
| seals that are sent out each day to people who keep them | `keepers`, `notices` |

Having our own journals cosigned is `milepost.journal.cosigning`. What must stay true: nothing that is published says what an
entry says; of a log of somebody else no second root of one size is ever cosigned, nor a smaller tree after a larger one,
whoever asks at once and whatever is killed; nothing is sent to a keeper twice a day.
"""
