"""What was asked of channels, and what channels and suppliers have told of themselves."""
