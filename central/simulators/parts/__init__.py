"""What every simulator is made of: books, faults, a server whose connections break, a door."""
