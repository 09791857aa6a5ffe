"""What is said to people: English in the code, Chinese beside it, data until somebody asks."""
