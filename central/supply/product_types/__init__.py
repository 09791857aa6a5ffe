"""Product types as data: what they ask for, how they are delivered, how long they are good."""
