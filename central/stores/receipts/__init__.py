"""What stands on receipts, as headquarters changes it: form, logo, picture, versions."""
