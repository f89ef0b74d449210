"""A photo and a wish: from the request to the job, and from the job to its answer."""
