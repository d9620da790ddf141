"""How a model's raw output is read: one file for each layout, found by its `kind`."""
