"""The unit's talk with the hub: push what happened, pull what changed, ask before accepting."""
