"""A photo and an instruction: from the request to the job, and from the job to its answer."""
