-- include: result_room
-- → bytes that the results of all unfinished jobs may take
return math.ceil(promised(0))
