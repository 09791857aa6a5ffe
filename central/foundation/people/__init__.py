"""Who works at headquarters, and what each of them may do."""
