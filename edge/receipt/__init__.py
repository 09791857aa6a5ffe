"""What the paper says, and which paper is still owed."""
