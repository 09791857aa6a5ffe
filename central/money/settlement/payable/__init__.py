"""What is final and agreed is paid: the watermark, and one figure a store."""
