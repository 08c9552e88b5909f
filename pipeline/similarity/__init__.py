"""How alike two pictures are: perceptual hashes, cheap differences, and the reuse of model results they allow."""
