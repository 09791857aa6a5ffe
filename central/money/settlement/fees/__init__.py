"""What a store pays for our service: the rule, and who has agreed to it from when."""
