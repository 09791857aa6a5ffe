"""Is the unit well, and what is to be done if not?"""
