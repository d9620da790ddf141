"""From labelled pictures to a small smoke detector with a card; needs the extra `train`, never the runtime."""
