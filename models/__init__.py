"""Networks for focus and sharpness: arrays in, numbers out. Heavy imports happen in the modules."""
