"""One file per contender, one class per case.

A class takes the shape of the case, and does everything that is not measured when it
is made. `run()` is what is measured; it returns None, or a dict of

- `count`: how many epochs, calls or characters it did (the figure is per one of them),
- `value`: the figure itself, where it is not the time that `run` took,
- `loss`: the training loss so far,
- `scores`: numbers that have to be the same for all contenders.

`loss()`, where there is one, trains anew for as long as the shape says, and returns
the squared error on the training windows, in the data's own units.
"""
