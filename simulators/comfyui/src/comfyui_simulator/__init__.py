"""A ComfyUI server without a model: it speaks the real protocol and paints a plain effect."""
