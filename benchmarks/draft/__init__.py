"""Draft a clip's truth file: what the product proposes, and the page on which a person corrects it."""
