"""What tills may accept, as headquarters changes it: form, a till's answer, versions."""
