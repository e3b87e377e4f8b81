"""What is known of a model without its network: system, sizes, outputs, form; stored beside its weights."""
