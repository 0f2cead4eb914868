"""One file per contender, one class per case.

A class takes the shape of the case. Its constructor does all work that is not measured;
`run()` is measured. It returns None, or a dict of

- `count`: how many epochs, calls or characters it did (the figure is per one of them),
- `value`: the figure itself, if it is not the time that `run` took,
- `loss`: the training loss so far,
- `scores`: numbers that have to be the same for all contenders.

`loss()`, which not every class has, trains anew for as long as the shape says, and
returns the squared error on the training windows, in the data's own units.
"""
