"""Speed of this package and of its alternatives, side by side: `make bench`."""
