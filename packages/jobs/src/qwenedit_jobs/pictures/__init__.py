"""The store of pictures: what bot and worker see of it, the names of pictures in it, and where they lie."""
