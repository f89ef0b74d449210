-- include: pictures
-- references → nothing: these pictures are forgotten
local refs = {}
for index = FIRST, #ARGV do
    refs[#refs + 1] = ARGV[index]
end
drop_pictures(refs)
