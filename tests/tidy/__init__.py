"""House rules that no linter knows, and the documents that are written from the code."""
