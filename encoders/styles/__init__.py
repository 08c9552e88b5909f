"""Visual styles: photograph, drawing, rendering or screen."""
