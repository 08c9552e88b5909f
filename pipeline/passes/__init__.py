"""The decode passes over one file: video and audio, and the stages that share them."""
