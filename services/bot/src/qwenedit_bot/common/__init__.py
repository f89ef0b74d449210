"""What has nothing to do with bots."""
