"""What stores are owed: statements of each day, fees, how far facts are final, what is paid."""
