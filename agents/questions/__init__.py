"""What is asked: questions analysed, follow-ups made to stand alone, and what is no question to a library."""
