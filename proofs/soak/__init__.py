"""Does thousands of jobs with one bot and one worker."""
