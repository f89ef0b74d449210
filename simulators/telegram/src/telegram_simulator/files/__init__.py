"""Files and photos: their bytes on disk, and what Telegram makes of an upload."""
