"""What persons wrote in place of what was recognised: it wins from then on, and can be taken back."""
