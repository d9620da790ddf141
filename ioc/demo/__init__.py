"""Everything on one machine, to be seen within a minute: cameras, broker, edge node, central, console."""
