"""What a person sees and does, in Debian's chromium, on the processes of the demo."""
