"""Other people's products on the same input, side by side with ours; extra `peers`."""
