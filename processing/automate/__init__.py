"""The pages on which people put tools together into pipelines, save and run them."""
