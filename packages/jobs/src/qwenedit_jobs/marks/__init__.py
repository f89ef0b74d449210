"""Marks in pictures that say that an AI edited them: IPTC's in XMP, and signed C2PA manifests."""
