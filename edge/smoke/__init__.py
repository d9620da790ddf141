"""How a camera becomes certain of smoke: candidates over time, memory of its view, and whether it can judge at all."""
