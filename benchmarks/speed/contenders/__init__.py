"""A file per library. A class is made from a case's sizes, which is not measured.

The method that a case names is measured. Others are optional: `outcome()` returns
numbers that have to be the same for all contenders of a case, `loss()` returns a loss,
and `close()` ends processes.
"""
