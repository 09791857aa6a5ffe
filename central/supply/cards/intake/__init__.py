"""How card keys come in: files are read, each line is judged, what is good is kept."""
