"""How good mattes are, in numbers and pictures."""
