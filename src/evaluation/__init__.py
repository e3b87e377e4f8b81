"""Quality of mattes, in numbers and pictures."""
